//! Settings of a full copy.

use crate::{BackupMode, DatabaseUrl, OnTarget};

/// How foreign keys are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeys {
    /// As on the source, checked against the rows.
    Validated,
    /// `NOT VALID`: new rows are checked. The copied rows come from one snapshot of the source, which has
    /// checked them.
    NotValid,
    /// Not at all.
    Without,
}

/// How a copy takes the place of the previous one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Publish {
    /// It is built beside the previous one, and replaces it in one transaction.
    #[default]
    Swap,
    /// The previous one is dropped first.
    InPlace,
}

/// A whole database copied through a pg_dump archive.
#[derive(Clone, Debug)]
pub struct FullCopy {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written to.
    pub target: DatabaseUrl,
    /// The tables that are not touched, and those with rules for their rows, which an archive cannot apply.
    pub mode: BackupMode,
    /// How a live copy takes the place of the previous one.
    pub publish: Publish,
    /// How foreign keys are restored.
    pub foreign_keys: ForeignKeys,
    /// Number of parallel connections of the restore, at least 1.
    pub restore_jobs: u16,
    /// The schema in which freshness is written down, whose tables stay.
    pub freshness_schema: Option<String>,
    /// How the copy treats others who use the target.
    pub on_target: OnTarget,
}
