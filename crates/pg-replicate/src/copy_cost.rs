//! What copying rows takes, in bytes of a table, so that the longest copy can begin first.
//!
//! Measured (docs/copy-speed.md): values are unpacked and compressed again on the way, so that a byte of TOAST takes five
//! times as long as one of the table; a row costs as much as 20 bytes more.

/// What a byte of TOAST takes.
pub(crate) const TOAST: u64 = 5;
/// What a row costs, whatever its length.
pub(crate) const ROW: u64 = 20;
/// A row, when the server has never counted them.
const USUAL_ROW: u64 = 100;

/// A table's rows, as the server estimates them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Bytes without TOAST.
    pub(crate) heap: u64,
    pub(crate) toast: u64,
    /// 0 when nobody has counted.
    pub(crate) counted: u64,
}

impl Rows {
    /// How many there probably are.
    pub(crate) fn number(self) -> u64 {
        if self.counted == 0 { self.heap / USUAL_ROW } else { self.counted }
    }

    /// What copying them takes.
    pub(crate) fn cost(self) -> u64 {
        self.heap + TOAST * self.toast + ROW * self.number()
    }
}
