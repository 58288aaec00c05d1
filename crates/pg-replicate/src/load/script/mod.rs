//! Scripts of psql's, read while they stream: statements, rows of COPY, and the few commands of psql
//! that a script of data holds.

mod command;
mod copy_data;
mod kind;
mod splitter;
mod variables;

use std::fmt;

use bytes::BytesMut;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use command::Outcome;
use copy_data::CopyData;
use splitter::{Broken, Piece, Splitter};

pub(super) use kind::{Kind, Name, Rows, Truncate};
pub(super) use variables::Variables;

/// What comes next in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Its line, counted from 1.
    pub(super) line: u64,
    /// A statement without its semicolon, its variables put in; or why a line cannot be used.
    pub(super) sql: Result<String, String>,
}

/// Why a script cannot be read on.
#[derive(Debug)]
pub(super) struct ScriptError {
    pub(super) line: u64,
    pub(super) reason: String,
    /// Whether it ends too early, as a file does that was cut.
    pub(super) is_cut: bool,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

impl From<Broken> for ScriptError {
    fn from(broken: Broken) -> Self {
        Self { line: broken.line, reason: broken.reason.to_owned(), is_cut: true }
    }
}

/// A script that is being read; memory does not grow with its size.
pub(super) struct Script<R> {
    input: R,
    splitter: Splitter,
    variables: Variables,
    bytes: u64,
}

impl<R: AsyncBufRead + Unpin> Script<R> {
    /// `variables`: those that the scripts before it have set.
    pub(super) fn new(input: R, variables: Variables) -> Self {
        Self { input, splitter: Splitter::new(), variables, bytes: 0 }
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The variables as this script leaves them.
    pub(super) fn into_variables(self) -> Variables {
        self.variables
    }

    /// The next statement; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Item>, ScriptError> {
        loop {
            let line = self.splitter.line();
            let chunk = self.input.fill_buf().await.map_err(|error| read_error(line, &error))?;
            let is_end = chunk.is_empty();
            let piece = if is_end {
                self.splitter.finish()?
            } else {
                let (taken, piece) = self.splitter.feed(chunk)?;
                self.input.consume(taken);
                self.bytes += taken as u64;
                piece
            };
            match piece {
                Some(Piece::Statement(text, line)) => return Ok(Some(self.statement(text, line))),
                Some(Piece::Command(text, line)) => {
                    if let Some(item) = self.command(&text, line) {
                        return Ok(Some(item));
                    }
                }
                None if is_end => return Ok(None),
                None => {}
            }
        }
    }

    fn statement(&self, text: Vec<u8>, line: u64) -> Item {
        let sql = match String::from_utf8(text) {
            Ok(text) => Ok(self.variables.expand(text)),
            Err(_) => Err("bytes that are no UTF-8: turn the file into UTF-8 with iconv".into()),
        };
        Item { line, sql }
    }

    fn command(&mut self, text: &[u8], line: u64) -> Option<Item> {
        match command::run(&String::from_utf8_lossy(text), &mut self.variables) {
            Outcome::Done => None,
            Outcome::Said(text) => {
                tracing::info!(line, "{text}");
                None
            }
            Outcome::Refused(reason) => Some(Item { line, sql: Err(reason) }),
        }
    }

    /// The rows that follow a COPY, some at a time in `rows`, which is emptied by the caller; false
    /// when they have ended.
    pub(super) async fn rows(
        &mut self,
        reader: &mut RowsReader,
        rows: &mut BytesMut,
    ) -> Result<bool, ScriptError> {
        let data = reader.0.get_or_insert_with(|| CopyData::new(self.splitter.line() + 1));
        if !reader.1 {
            // What is left of the line of the COPY itself.
            reader.1 = true;
            let mut rest = Vec::new();
            let line = self.splitter.line();
            let taken = self
                .input
                .read_until(b'\n', &mut rest)
                .await
                .map_err(|error| read_error(line, &error))?;
            self.bytes += taken as u64;
            if !rest.trim_ascii().is_empty() {
                return Err(ScriptError {
                    line,
                    reason: "rows must start on the line after COPY … FROM stdin;".into(),
                    is_cut: false,
                });
            }
        }
        let line = data.line();
        let chunk = self.input.fill_buf().await.map_err(|error| read_error(line, &error))?;
        if chunk.is_empty() {
            if data.may_end() {
                return Ok(false);
            }
            return Err(ScriptError {
                line,
                reason: "the file ends within rows of COPY, without a line \\.: it was cut".into(),
                is_cut: true,
            });
        }
        let (taken, ended) = data.feed(chunk, rows);
        self.input.consume(taken);
        self.bytes += taken as u64;
        self.splitter.go_on_at(data.line());
        Ok(!ended)
    }

    /// Reads over the rows that follow a COPY.
    pub(super) async fn skip_rows(&mut self) -> Result<(), ScriptError> {
        let mut reader = RowsReader::default();
        let mut rows = BytesMut::new();
        while self.rows(&mut reader, &mut rows).await? {
            rows.clear();
        }
        Ok(())
    }
}

/// Where the reading of one COPY's rows stands.
#[derive(Debug, Default)]
pub(super) struct RowsReader(Option<CopyData>, bool);

fn read_error(line: u64, error: &std::io::Error) -> ScriptError {
    ScriptError { line, reason: format!("the file cannot be read: {error}"), is_cut: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\u{feff}-- a dump\r\n\\set ON_ERROR_STOP on\r\n\\set t users\r\nTRUNCATE :t;\r\n\
        COPY users (id) FROM stdin;\r\n1\r\n\\N\r\n\\.\r\n\\connect x\nSELECT 'é;\n';\nSELECT 2";

    async fn read(size: usize) -> Vec<(u64, String)> {
        let input = tokio::io::BufReader::with_capacity(size, SCRIPT.as_bytes());
        let mut script = Script::new(input, Variables::default());
        let mut found = Vec::new();
        while let Some(item) = script.next().await.unwrap() {
            match item.sql {
                Ok(sql) => {
                    let is_copy = matches!(Kind::of(&sql), Kind::Copy(_));
                    found.push((item.line, sql));
                    if is_copy {
                        let (mut reader, mut rows) = (RowsReader::default(), BytesMut::new());
                        while script.rows(&mut reader, &mut rows).await.unwrap() {}
                        found.push((0, String::from_utf8(rows.to_vec()).unwrap()));
                    }
                }
                Err(reason) => found.push((item.line, reason[..8].to_owned())),
            }
        }
        assert_eq!(script.bytes(), SCRIPT.len() as u64);
        found
    }

    #[tokio::test]
    async fn statements_rows_and_commands_in_pieces_of_any_size() {
        for size in [1, 2, 3, 7, 64, 4096] {
            let found = read(size).await;
            let found: Vec<(u64, &str)> =
                found.iter().map(|(line, text)| (*line, text.as_str())).collect();
            assert_eq!(
                found,
                [
                    (4, "TRUNCATE users"),
                    (5, "COPY users (id) FROM stdin"),
                    (0, "1\r\n\\N\r\n"),
                    (9, "\\connect"),
                    (10, "SELECT 'é;\n'"),
                    (12, "SELECT 2"),
                ],
                "{size}"
            );
        }
    }

    #[tokio::test]
    async fn a_cut_file_is_noticed() {
        for (text, line) in [("SELECT 1;\nSELECT 'x", 2), ("COPY t FROM stdin;\n1\n2", 3)] {
            let mut script = Script::new(text.as_bytes(), Variables::default());
            let first = script.next().await.unwrap().unwrap();
            let error = if first.line == 1 && text.starts_with("COPY") {
                script.skip_rows().await.unwrap_err()
            } else {
                script.next().await.unwrap_err()
            };
            assert!(error.is_cut, "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }
}
