//! What a source loaded.

use std::collections::BTreeSet;

use crate::TableName;

/// What a source loaded.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) tables: BTreeSet<u32>,
    /// Sequences that it set.
    pub(super) sequences: BTreeSet<TableName>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Loaded {
    pub(super) fn add(&mut self, table: Option<u32>, rows: u64) {
        self.tables.extend(table);
        self.rows += rows;
    }
}
