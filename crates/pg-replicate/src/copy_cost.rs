//! Cost of copying rows, in bytes of a table, so that the longest copy can be started first.
//!
//! Measured (docs/copy-speed.md): values are decompressed and compressed again, so a byte of TOAST takes
//! five times as long as a byte of the table; a row costs as much as 20 bytes.

/// Cost of a byte of TOAST.
pub(crate) const TOAST: u64 = 5;
/// Cost of a row, in addition to its length.
pub(crate) const ROW: u64 = 20;
/// Assumed length of a row if the server has never counted the rows.
const USUAL_ROW: u64 = 100;

/// Size and estimated rows of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Bytes without TOAST.
    pub(crate) heap: u64,
    pub(crate) toast: u64,
    /// 0 if unknown.
    pub(crate) counted: u64,
}

impl Rows {
    /// The estimated number of rows.
    pub(crate) fn number(self) -> u64 {
        if self.counted == 0 { self.heap / USUAL_ROW } else { self.counted }
    }

    /// The cost of copying them.
    pub(crate) fn cost(self) -> u64 {
        self.heap + TOAST * self.toast + ROW * self.number()
    }
}
