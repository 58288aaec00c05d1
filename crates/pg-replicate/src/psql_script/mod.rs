//! psql scripts, read as a stream: statements, rows of COPY, and the few psql commands that a script with
//! data contains.

mod command;
mod copy_data;
mod kind;
mod need;
mod splitter;
mod strings;
mod variables;

use std::collections::VecDeque;
use std::fmt;

use bytes::BytesMut;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::psql_script::command::Outcome;
use crate::psql_script::copy_data::CopyData;
use crate::psql_script::splitter::{Broken, Piece, Splitter};

use crate::postgres::sql_text::Strings;

pub(crate) use crate::psql_script::kind::{Name, Rows, SequenceSet, SqlKind, Truncate};
pub(crate) use crate::psql_script::need::{Need, first_line, need};
pub(crate) use crate::psql_script::strings::of_server as strings_of_server;
pub(crate) use crate::psql_script::variables::Variables;

/// Size of the read buffer.
pub(crate) const BUFFER: usize = 256 * 1024;

/// The next item of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its line, counted from 1.
    pub(crate) line: u64,
    /// A statement without its semicolon, with variables replaced; or why a line cannot be used.
    pub(crate) sql: Result<String, String>,
    /// The meaning of a backslash in it.
    pub(crate) strings: Strings,
}

impl Item {
    /// The statement; one that cannot be used is an error of the script.
    pub(crate) fn text(self) -> Result<String, ScriptError> {
        let line = self.line;
        self.sql.map_err(|reason| ScriptError { line, reason, is_cut: false })
    }
}

/// Why a script cannot be read further.
#[derive(Debug)]
pub(crate) struct ScriptError {
    pub(crate) line: u64,
    pub(crate) reason: String,
    /// Whether it ends early, like a truncated file.
    pub(crate) is_cut: bool,
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
pub(crate) struct Script<R> {
    input: R,
    splitter: Splitter,
    variables: Variables,
    /// The meaning of a backslash at the start of the session.
    default: Strings,
    /// Statements that were contained in a variable.
    waiting: VecDeque<Item>,
    bytes: u64,
}

impl<R: AsyncBufRead + Unpin> Script<R> {
    /// `variables`: those set by previous scripts; `strings`: the meaning of a backslash until the script
    /// changes it.
    pub(crate) fn new(input: R, variables: Variables, strings: Strings) -> Self {
        Self {
            input,
            splitter: Splitter::new(strings),
            variables,
            default: strings,
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The meaning of a backslash after the statements so far, according to their text.
    pub(crate) fn strings(&self) -> Strings {
        self.splitter.strings()
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The variables at the end of this script.
    pub(crate) fn into_variables(self) -> Variables {
        self.variables
    }

    /// The next statement; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Item>, ScriptError> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(self.follow(item)));
            }
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
                Some(Piece::Statement(text, line)) => self.statement(text, line),
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

    /// Replaces variables. As in psql, their values may end the statement and contain further ones.
    fn statement(&mut self, text: Vec<u8>, line: u64) {
        let strings = self.strings();
        let Ok(text) = String::from_utf8(text) else {
            let reason = "bytes that are not UTF-8: turn the file into UTF-8 with iconv";
            self.wait(line, Err(reason.into()));
            return;
        };
        let text = match self.variables.expand(&text, strings) {
            Ok(Some(text)) => text,
            unchanged => return self.wait(line, unchanged.map(|_| text)),
        };
        let mut splitter = Splitter::new(strings);
        let mut rest = text.as_bytes();
        loop {
            let is_end = rest.is_empty();
            let cut = if is_end {
                splitter.finish()
            } else {
                splitter.feed(rest).map(|(taken, piece)| {
                    rest = &rest[taken..];
                    piece
                })
            };
            match cut {
                Ok(Some(Piece::Statement(sql, _))) => {
                    // Divided between characters, so that each part is valid text if the whole is.
                    self.wait(line, Ok(String::from_utf8_lossy(&sql).into_owned()));
                }
                Ok(Some(Piece::Command(..))) => {
                    self.wait(line, Err("the value of a variable holds a command of psql".into()));
                    return;
                }
                Ok(None) if is_end => return,
                Ok(None) => {}
                Err(broken) => {
                    let reason = format!("with the values of its variables: {}", broken.reason);
                    self.wait(line, Err(reason));
                    return;
                }
            }
        }
    }

    fn wait(&mut self, line: u64, sql: Result<String, String>) {
        let sql = sql.and_then(|sql| {
            let nul = "a NUL character, which text of PostgreSQL cannot hold: take it out";
            if sql.contains('\0') { Err(nul.to_owned()) } else { Ok(sql) }
        });
        self.waiting.push_back(Item { line, sql, strings: Strings::Standard });
    }

    /// The statement is the next one: its settings apply to those after it.
    fn follow(&mut self, mut item: Item) -> Item {
        item.strings = self.strings();
        if let Ok(sql) = &item.sql
            && let Some(strings) = strings::set_by(sql, item.strings, self.default)
        {
            self.splitter.set_strings(strings);
        }
        item
    }

    fn command(&mut self, text: &[u8], line: u64) -> Option<Item> {
        match command::run(&String::from_utf8_lossy(text), &mut self.variables) {
            Outcome::Done => None,
            Outcome::Forget => {
                self.splitter.forget();
                None
            }
            Outcome::Said(text) => {
                tracing::info!(line, "{text}");
                None
            }
            Outcome::Refused(reason) => {
                Some(Item { line, sql: Err(reason), strings: self.strings() })
            }
        }
    }

    /// The rows that follow a COPY, a few at a time in `rows`, which the caller empties; false at their
    /// end.
    pub(crate) async fn rows(
        &mut self,
        reader: &mut RowsReader,
        rows: &mut BytesMut,
    ) -> Result<bool, ScriptError> {
        let data = reader.0.get_or_insert_with(|| CopyData::new(self.splitter.line() + 1));
        if !reader.1 {
            // The rest of the line of the COPY itself.
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
                reason: "the file ends within rows of COPY, without a line \\.: it is truncated"
                    .into(),
                is_cut: true,
            });
        }
        let (taken, ended) = data.feed(chunk, rows);
        self.input.consume(taken);
        self.bytes += taken as u64;
        self.splitter.go_on_at(data.line());
        Ok(!ended)
    }

    /// Skips the rows that follow a COPY.
    pub(crate) async fn skip_rows(&mut self) -> Result<(), ScriptError> {
        let mut reader = RowsReader::default();
        let mut rows = BytesMut::new();
        while self.rows(&mut reader, &mut rows).await? {
            rows.clear();
        }
        Ok(())
    }
}

/// Position within one COPY's rows.
#[derive(Debug, Default)]
pub(crate) struct RowsReader(Option<CopyData>, bool);

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
        let mut script = Script::new(input, Variables::default(), Strings::Standard);
        let mut found = Vec::new();
        while let Some(item) = script.next().await.unwrap() {
            match item.sql {
                Ok(sql) => {
                    let is_copy = matches!(SqlKind::of(&sql, item.strings), SqlKind::Copy(_));
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

    proptest::proptest! {
        /// Any bytes are read to their end, or refused with a line that exists.
        #[test]
        fn nothing_makes_it_panic(
            text in "(COPY t FROM stdin;\n|\\\\\\.\n|\\\\set [av] '?|:a|:'v'|SET standard_conforming_strings = (off|on);|BEGIN ATOMIC |CREATE FUNCTION |\\PC|[\0 \n\r\u{b}'\"$/*;E\\\\(),:x1-]){0,40}",
            garbage in proptest::collection::vec(proptest::num::u8::ANY, 0..4),
            escaping in proptest::bool::ANY,
            size in 1_usize..9,
        ) {
            let bytes = [text.as_bytes(), &garbage, text.as_bytes()].concat();
            let strings = if escaping { Strings::Escaping } else { Strings::Standard };
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 2;
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let input = tokio::io::BufReader::with_capacity(size, bytes.as_slice());
                let mut script = Script::new(input, Variables::default(), strings);
                loop {
                    let item = match script.next().await {
                        Ok(Some(item)) => item,
                        Ok(None) => break assert_eq!(script.bytes(), bytes.len() as u64),
                        Err(error) => break assert!(error.line <= lines, "{error}"),
                    };
                    assert!(item.line <= lines, "{item:?}");
                    if let Ok(sql) = &item.sql
                        && let SqlKind::Copy(_) = SqlKind::of(sql, item.strings)
                        && script.skip_rows().await.is_err()
                    {
                        break;
                    }
                }
            });
        }
    }

    #[tokio::test]
    async fn a_cut_file_is_noticed() {
        for (text, line) in [("SELECT 1;\nSELECT 'x", 2), ("COPY t FROM stdin;\n1\n2", 3)] {
            let mut script = Script::new(text.as_bytes(), Variables::default(), Strings::Standard);
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
