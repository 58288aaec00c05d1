//! Settings of an incremental copy.

use crate::{BackupMode, DatabaseUrl};

/// How rows travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyFormat {
    /// COPY's text format.
    #[default]
    Text,
    /// COPY's binary format, faster; a table with a type whose binary form is not the same on both
    /// servers goes as text.
    Binary,
}

/// What becomes of a column that only the source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaChanges {
    /// The table is refused, and the column named.
    #[default]
    Fail,
    /// The target gets it, in the transaction that copies the table's rows.
    Add,
}

/// The incremental copy of the tables of modes `incremental` and `upsert`.
#[derive(Clone, Debug)]
pub struct Incremental {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written.
    pub target: DatabaseUrl,
    /// Which tables.
    pub mode: BackupMode,
    /// How rows travel.
    pub format: CopyFormat,
    /// How many tables are copied at a time, at least 1. Each takes one connection per side, besides
    /// one per side for all.
    pub jobs: u16,
    /// What becomes of a column that only the source has.
    pub schema_changes: SchemaChanges,
}
