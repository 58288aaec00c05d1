//! Settings of an incremental copy.

use crate::{BackupMode, DatabaseUrl};

/// Transfer format of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyFormat {
    /// COPY's text format.
    #[default]
    Text,
    /// COPY's binary format, which is faster; tables with a type whose binary format differs between the
    /// servers are copied as text.
    Binary,
}

/// What to do with a column that only the source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaChanges {
    /// The table is refused, and the error names the column.
    #[default]
    Fail,
    /// The column is added to the target, in the transaction that copies the table's rows.
    Add,
}

/// The incremental copy of the tables of modes `incremental` and `upsert`.
#[derive(Clone, Debug)]
pub struct Incremental {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written to.
    pub target: DatabaseUrl,
    /// The tables and their rules.
    pub mode: BackupMode,
    /// Transfer format of rows.
    pub format: CopyFormat,
    /// Number of tables copied in parallel, at least 1. Each uses one connection per side, in addition to
    /// one per side for all.
    pub jobs: u16,
    /// What to do with a column that only the source has.
    pub schema_changes: SchemaChanges,
}
