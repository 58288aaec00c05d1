//! Splitter of a script into statements and psql commands, while it is read.
//!
//! Follows psql's rules: quotes, dollar quotes, nested comments; a semicolon in parentheses or in a `BEGIN
//! ATOMIC` body does not end a statement; a backslash outside quotes begins a psql command.

mod rules;
mod state;
#[cfg(test)]
mod tests;
mod words;

use crate::psql_script::splitter::state::{ClosedText, SplitterState};
use crate::psql_script::splitter::words::Words;

use crate::postgres::sql_text::Strings;

/// Maximum length of a statement, which is that of the server.
const LONGEST: usize = 1 << 30;

/// An item of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A statement without its semicolon, and the line of its first character.
    Statement(Vec<u8>, u64),
    /// A psql command from its backslash on, and its line number.
    Command(Vec<u8>, u64),
}

/// Why a script cannot be split further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) line: u64,
    pub(crate) reason: &'static str,
}

/// State of the splitter; bytes may come in pieces of any size.
#[derive(Debug)]
pub(crate) struct Splitter {
    state: SplitterState,
    statement: Vec<u8>,
    line: u64,
    /// Where the statement starts, and what is open now.
    start: u64,
    opened: u64,
    parentheses: u32,
    words: Words,
    strings: Strings,
    /// The string that was closed, while only whitespace and comments follow.
    closed: Option<ClosedText>,
    /// Number of bytes seen of a UTF-8 byte order mark.
    mark: usize,
}

const BYTE_ORDER_MARK: [u8; 3] = *b"\xEF\xBB\xBF";

impl Splitter {
    pub(crate) fn new(strings: Strings) -> Self {
        Self {
            state: SplitterState::Normal,
            statement: Vec::new(),
            line: 1,
            start: 1,
            opened: 1,
            parentheses: 0,
            words: Words::default(),
            strings,
            closed: None,
            mark: 0,
        }
    }

    /// The current line, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The meaning of a backslash in `'…'`.
    pub(crate) fn strings(&self) -> Strings {
        self.strings
    }

    /// A statement may change it.
    pub(crate) fn set_strings(&mut self, strings: Strings) {
        self.strings = strings;
    }

    /// Discards the statement read so far, like `\reset`.
    pub(crate) fn forget(&mut self) {
        self.statement.clear();
        self.end_statement();
    }

    /// Continues at `line`: the lines before were read elsewhere.
    pub(crate) fn go_on_at(&mut self, line: u64) {
        self.line = line;
    }

    /// Consumes bytes up to the end of the next item; returns their number, and the item.
    pub(crate) fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Piece>), Broken> {
        let mut at = 0;
        while at < input.len() {
            let taken = self.skip(&input[at..]);
            at += taken;
            if self.statement.len() > LONGEST {
                return Err(Broken { line: self.start, reason: "a statement longer than 1 GiB" });
            }
            let Some(&byte) = input.get(at) else { break };
            at += 1;
            if byte == b'\n' {
                self.line += 1;
            }
            if let Some(piece) = self.take(byte) {
                return Ok((at, Some(piece)));
            }
        }
        Ok((at, None))
    }

    /// The rest at the end of the script.
    pub(crate) fn finish(&mut self) -> Result<Option<Piece>, Broken> {
        let reason = match &self.state {
            SplitterState::BlockComment { .. } => {
                Some("a comment that begins here is never closed")
            }
            SplitterState::Quoted { .. } => Some("a quote that begins here is never closed"),
            SplitterState::Dollar { .. } => Some("a dollar quote that begins here is never closed"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Broken { line: self.opened, reason });
        }
        if let SplitterState::Command(_) = self.state {
            return Ok(self.take(b'\n'));
        }
        self.push_held();
        self.state = SplitterState::Normal;
        Ok(self.end_statement())
    }

    fn end_statement(&mut self) -> Option<Piece> {
        self.parentheses = 0;
        self.words = Words::default();
        self.closed = None;
        let mut statement = std::mem::take(&mut self.statement);
        statement.truncate(statement.trim_ascii_end().len());
        (!statement.is_empty()).then_some(Piece::Statement(statement, self.start))
    }

    /// The single character that was held back belongs to the statement.
    fn push_held(&mut self) {
        let held = match self.state {
            SplitterState::Dash => b'-',
            SplitterState::Slash => b'/',
            _ => return,
        };
        if self.statement.is_empty() {
            self.start = self.opened;
        }
        self.words.interrupt();
        self.statement.push(held);
    }

    fn push(&mut self, byte: u8) {
        if self.statement.is_empty() {
            self.start = self.line;
        }
        self.statement.push(byte);
    }

    /// Whitespace and comments count only within a statement.
    fn keep(&mut self, bytes: &[u8]) {
        if !self.statement.is_empty() {
            self.statement.extend_from_slice(bytes);
        }
    }
}
