//! How far a script is, told to the board: each COPY is an object of its own.

use progress::{ProgressItem, ProgressTracker, Weight};

/// What a script's statements and rows are told to.
pub(super) struct Meter<'a> {
    board: &'a ProgressTracker,
    /// The whole script, which counts what is read; without it, the tables do.
    whole: Option<&'a ProgressItem>,
    /// Of each table.
    weight: Weight,
    /// Bytes of the script that were told.
    told: u64,
}

impl<'a> Meter<'a> {
    /// A script that is an object itself, of a size that is known.
    pub(super) fn of_script(board: &'a ProgressTracker, whole: &'a ProgressItem) -> Self {
        Self { board, whole: Some(whole), weight: Weight::default(), told: 0 }
    }

    /// A script that is written meanwhile; each of its tables takes so much.
    pub(super) fn of_tables(board: &'a ProgressTracker, weight: Weight) -> Self {
        Self { board, whole: None, weight, told: 0 }
    }

    /// A COPY begins.
    pub(super) fn table(&self, name: &str) -> ProgressItem {
        self.board.start("TABLE DATA", name, self.weight)
    }

    /// So much of the script was read, with these rows of `table` last.
    pub(super) fn read(&mut self, bytes: u64, table: Option<(&ProgressItem, u64)>) {
        match (self.whole, table) {
            (Some(whole), _) => whole.advance(0, bytes.saturating_sub(self.told)),
            (None, Some((table, rows))) => table.advance(0, rows),
            (None, None) => {}
        }
        self.told = bytes;
    }
}
