//! Costs of items, used to find the critical path: rows cost what `copy_cost` says; an index or the check
//! of a foreign key costs about its number of rows.

use super::tables::Table;
use crate::copy_cost::{ROW, Rows, TOAST};

/// An index build reads the heap, which is cheap compared with sorting.
const INDEX_SCAN: u64 = 16;
/// A statement that moves no rows.
pub(crate) const STATEMENT: u64 = 4096;
/// ANALYZE samples at most 300 pages per unit of the statistics target.
const ANALYZED_PAGES: u64 = 30_000;

fn of(table: &Table) -> Rows {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate that is not negative"
    )]
    let counted = table.rows as u64;
    Rows { heap: table.heap_bytes, toast: table.toast_bytes, counted }
}

/// The estimated number of rows.
pub(crate) fn rows(table: &Table) -> u64 {
    of(table).number()
}

/// Its rows.
pub(crate) fn data(table: &Table) -> u64 {
    STATEMENT + of(table).cost()
}

/// A part of large objects with this many bytes: they are compressed like other large values.
pub(crate) fn large_objects(bytes: u64) -> u64 {
    STATEMENT + TOAST * bytes
}

/// One of its indexes.
pub(crate) fn index(table: &Table) -> u64 {
    STATEMENT + table.heap_bytes / INDEX_SCAN + ROW * rows(table)
}

/// The check of one of its foreign keys.
pub(crate) fn foreign_key(table: &Table) -> u64 {
    STATEMENT + ROW * rows(table)
}

/// ANALYZE.
pub(crate) fn analyze(table: &Table) -> u64 {
    STATEMENT + table.pages.min(ANALYZED_PAGES) * 1024
}
