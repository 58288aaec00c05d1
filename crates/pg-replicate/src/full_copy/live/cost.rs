//! What items take, in bytes that are copied, so that the longest way through them is known.
//!
//! Measured (facts/copying.md): rows of big values are compressed again on the way in, so that a byte
//! of TOAST takes five times as long as one of the heap; a row costs as much as 20 bytes more; an index or
//! the check of a foreign key about 20 bytes a row.

use super::tables::Table;

const TOAST: u64 = 5;
const ROW: u64 = 20;
/// An index reads the heap, which is cheap beside sorting.
const INDEX_SCAN: u64 = 16;
/// A statement that moves no rows.
pub(super) const STATEMENT: u64 = 4096;
/// ANALYZE looks at a sample of at most 300 pages for each unit of the statistics target.
const ANALYZED_PAGES: u64 = 30_000;
/// A row, when the server has never counted them.
const USUAL_ROW: u64 = 100;

/// How many rows it probably has.
pub(super) fn rows(table: &Table) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate that is not negative"
    )]
    let counted = table.rows as u64;
    if counted == 0 { table.heap_bytes / USUAL_ROW } else { counted }
}

/// Its rows.
pub(super) fn data(table: &Table) -> u64 {
    STATEMENT + table.heap_bytes + TOAST * table.toast_bytes + ROW * rows(table)
}

/// A part of large objects that takes so many bytes: they are compressed as other large values are.
pub(super) fn large_objects(bytes: u64) -> u64 {
    STATEMENT + TOAST * bytes
}

/// One of its indexes.
pub(super) fn index(table: &Table) -> u64 {
    STATEMENT + table.heap_bytes / INDEX_SCAN + ROW * rows(table)
}

/// The check of one of its foreign keys.
pub(super) fn foreign_key(table: &Table) -> u64 {
    STATEMENT + ROW * rows(table)
}

/// ANALYZE.
pub(super) fn analyze(table: &Table) -> u64 {
    STATEMENT + table.pages.min(ANALYZED_PAGES) * 1024
}
