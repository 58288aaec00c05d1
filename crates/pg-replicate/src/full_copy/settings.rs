//! Settings of a full copy.

use crate::{BackupMode, DatabaseUrl, OnTarget};

/// How foreign keys come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeys {
    /// As the source has them, checked against the rows.
    Validated,
    /// `NOT VALID`: new rows are checked. Those that were copied are those of one moment of the source, which has
    /// checked them.
    NotValid,
    /// Not at all.
    Without,
}

/// A whole database copied through an archive of pg_dump.
#[derive(Clone, Debug)]
pub struct FullCopy {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written.
    pub target: DatabaseUrl,
    /// The tables that are left alone, and those with rules for their rows, which no archive obeys.
    pub mode: BackupMode,
    /// How foreign keys come.
    pub foreign_keys: ForeignKeys,
    /// Parallel connections of the restore, at least 1.
    pub restore_jobs: u16,
    /// What those who use the target meanwhile have to bear.
    pub on_target: OnTarget,
}
