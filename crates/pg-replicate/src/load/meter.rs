//! Progress of a script: each COPY is an object of its own.

use progress::{ProgressItem, ProgressTracker, Weight};

/// Receives a script's statements and rows.
pub(super) struct Meter<'a> {
    board: &'a ProgressTracker,
    /// The whole script, whose read bytes count; otherwise its tables count.
    whole: Option<&'a ProgressItem>,
    /// Weight of each table.
    weight: Weight,
    /// Bytes of the script reported so far.
    told: u64,
}

impl<'a> Meter<'a> {
    /// A script that is an object itself, with a known size.
    pub(super) fn of_script(board: &'a ProgressTracker, whole: &'a ProgressItem) -> Self {
        Self { board, whole: Some(whole), weight: Weight::default(), told: 0 }
    }

    /// A script that is generated on the fly; each of its tables has this weight.
    pub(super) fn of_tables(board: &'a ProgressTracker, weight: Weight) -> Self {
        Self { board, whole: None, weight, told: 0 }
    }

    /// A COPY begins.
    pub(super) fn table(&self, name: &str) -> ProgressItem {
        self.board.start("TABLE DATA", name, self.weight)
    }

    /// This much of the script has been read, and these rows of `table` were the last.
    pub(super) fn read(&mut self, bytes: u64, table: Option<(&ProgressItem, u64)>) {
        match (self.whole, table) {
            (Some(whole), _) => whole.advance(0, bytes.saturating_sub(self.told)),
            (None, Some((table, rows))) => table.advance(0, rows),
            (None, None) => {}
        }
        self.told = bytes;
    }
}
