//! Check of an archive's data: reads it to the end to see whether everything is there, without keeping any
//! of it.
//!
//! After the table of contents there is a block for each entry that has data: its kind, the entry's number,
//! and pieces, each preceded by its length, terminated by a length of 0. A block of large objects contains
//! their numbers, each followed by its pieces, terminated by a number of 0. Nothing marks the end of the
//! file, so a truncated file is recognized by a block that is incomplete or missing. The layout is that of
//! `_StartData`, `_StartLO` and `_CustomWriteFunc` in PostgreSQL's src/bin/pg_dump/pg_backup_custom.c.

use std::io::{Read, sink};

use super::reader::{Reader, damaged};

/// The kind of a block of a table's rows.
const ROWS: u8 = 1;
/// The kind of a block of large objects.
const LARGE_OBJECTS: u8 = 3;

impl<R: Read> Reader<R> {
    /// Reads from the end of the table of contents to the end of the file.
    pub(super) fn data(&mut self) -> Result<(), String> {
        while let Some(kind) = self.kind()? {
            let id = self.within(|reader| reader.small_int(), "an entry's number")?;
            let what = self.with_data.remove(&id);
            let what = what.ok_or_else(|| damaged(&format!("data of an unknown entry {id}")))?;
            match kind {
                ROWS => self.pieces(&what)?,
                LARGE_OBJECTS => {
                    while self.within(Self::int, &what)? != 0 {
                        self.pieces(&what)?;
                    }
                }
                other => return Err(damaged(&format!("a block of the unknown kind {other}"))),
            }
        }
        match self.with_data.values().next() {
            None => Ok(()),
            Some(first) => Err(damaged(&format!("it ends before the data of {first}"))),
        }
    }

    /// The kind of the next block; `None` at the end of the file.
    fn kind(&mut self) -> Result<Option<u8>, String> {
        let mut kind = [0];
        match self.input.read(&mut kind) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(kind[0])),
            Err(error) => Err(error.to_string()),
        }
    }

    fn pieces(&mut self, what: &str) -> Result<(), String> {
        loop {
            let length = self.within(Self::int, what)?;
            let length = u64::try_from(length)
                .map_err(|_| damaged(&format!("a length of {length} in the data of {what}")))?;
            if length == 0 {
                return Ok(());
            }
            let read = std::io::copy(&mut (&mut self.input).take(length), &mut sink());
            if read.map_err(|error| error.to_string())? != length {
                return Err(ends_in(what));
            }
        }
    }

    /// The end position, if it ended.
    fn within<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
        what: &str,
    ) -> Result<T, String> {
        read(self).map_err(
            |reason| {
                if reason.contains("it ends in") { ends_in(what) } else { reason }
            },
        )
    }
}

fn ends_in(what: &str) -> String {
    damaged(&format!("it ends in the data of {what}"))
}
