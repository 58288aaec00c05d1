//! Effect of each byte in each state.

use memchr::{memchr, memchr_iter, memchr2};

use crate::postgres::sql_text::Strings;
use crate::psql_script::splitter::state::{ClosedText, SplitterState, is_tag, is_word};
use crate::psql_script::splitter::{BYTE_ORDER_MARK, Piece, Splitter};

impl Splitter {
    /// Consumes a run of bytes in which nothing can end; most of a script consists of such runs.
    pub(crate) fn skip(&mut self, input: &[u8]) -> usize {
        let end = match self.state {
            SplitterState::LineComment => memchr2(b'\n', b'\r', input),
            SplitterState::Quoted { quote, backslashes: false, .. } => memchr(quote, input),
            SplitterState::Dollar { .. } => memchr(b'$', input),
            _ => return 0,
        };
        let length = end.unwrap_or(input.len());
        self.line += memchr_iter(b'\n', &input[..length]).count() as u64;
        if self.state != SplitterState::LineComment || !self.statement.is_empty() {
            self.statement.extend_from_slice(&input[..length]);
        }
        length
    }

    pub(crate) fn take(&mut self, byte: u8) -> Option<Piece> {
        match &mut self.state {
            SplitterState::Normal => return self.normal(byte),
            SplitterState::Dash if byte == b'-' => {
                self.state = SplitterState::LineComment;
                self.keep(b"--");
            }
            SplitterState::Slash if byte == b'*' => {
                self.closed = None;
                self.state = SplitterState::BlockComment { depth: 1, last: 0 };
                self.keep(b"/*");
            }
            SplitterState::Dash | SplitterState::Slash => {
                self.closed = None;
                self.push_held();
                self.state = SplitterState::Normal;
                return self.normal(byte);
            }
            SplitterState::LineComment => {
                self.state = SplitterState::Normal;
                self.end_line();
                self.keep(&[byte]);
            }
            SplitterState::BlockComment { depth, last } => {
                match (*last, byte) {
                    (b'*', b'/') => {
                        *depth -= 1;
                        *last = 0;
                    }
                    (b'/', b'*') => {
                        *depth += 1;
                        *last = 0;
                    }
                    _ => *last = byte,
                }
                if *depth == 0 {
                    self.state = SplitterState::Normal;
                }
                self.keep(&[byte]);
            }
            SplitterState::Quoted { quote, backslashes, escaped } => {
                if *escaped {
                    *escaped = false;
                } else if *backslashes && byte == b'\\' {
                    *escaped = true;
                } else if byte == *quote {
                    self.state =
                        SplitterState::Closing { quote: *quote, backslashes: *backslashes };
                }
                self.statement.push(byte);
            }
            SplitterState::Closing { quote, backslashes } => {
                if byte == *quote {
                    let (quote, backslashes) = (*quote, *backslashes);
                    self.state = SplitterState::Quoted { quote, backslashes, escaped: false };
                    self.statement.push(byte);
                } else {
                    let closed =
                        ClosedText { backslashes: *backslashes, is_on_another_line: false };
                    self.closed = (*quote == b'\'').then_some(closed);
                    self.state = SplitterState::Normal;
                    return self.normal(byte);
                }
            }
            SplitterState::DollarTag { start } => {
                let start = *start;
                let is_first = self.statement.len() == start + 1;
                if byte == b'$' {
                    self.statement.push(byte);
                    let tag = self.statement[start..].to_vec();
                    self.state = SplitterState::Dollar { tag, start: self.statement.len() };
                } else if is_tag(byte, is_first) {
                    self.statement.push(byte);
                } else {
                    self.state = SplitterState::Normal;
                    return self.normal(byte);
                }
            }
            SplitterState::Dollar { tag, start } => {
                self.statement.push(byte);
                let body = self.statement.get(*start..).unwrap_or_default();
                if byte == b'$' && body.ends_with(tag) {
                    self.state = SplitterState::Normal;
                }
            }
            SplitterState::Command(text) => {
                if byte == b'\n' {
                    let line = self.opened;
                    let text = std::mem::take(text);
                    self.state = SplitterState::Normal;
                    return Some(Piece::Command(text, line));
                }
                text.push(byte);
            }
        }
        None
    }

    fn end_line(&mut self) {
        if let Some(text) = &mut self.closed {
            text.is_on_another_line = true;
        }
    }

    fn normal(&mut self, byte: u8) -> Option<Piece> {
        if BYTE_ORDER_MARK.get(self.mark) == Some(&byte) {
            self.mark += 1;
            return None;
        }
        self.mark = BYTE_ORDER_MARK.len();
        let continued = match byte {
            b'\n' | b'\r' => {
                self.end_line();
                None
            }
            // It may begin a comment.
            b'-' => None,
            _ if byte.is_ascii_whitespace() => None,
            _ => self.closed.take().filter(|text| text.is_on_another_line),
        };
        if is_word(byte) && !(byte == b'$' && self.words.current.is_empty()) {
            self.push(byte);
            self.words.push(byte);
            return None;
        }
        let is_after = |letter: &[u8]| self.words.current.eq_ignore_ascii_case(letter);
        let backslashes = is_after(b"e")
            || (self.strings == Strings::Escaping && !is_after(b"b") && !is_after(b"x"));
        self.words.end(self.parentheses);
        if !matches!(byte, b'-' | b'/') && !byte.is_ascii_whitespace() {
            self.words.interrupt();
        }
        match byte {
            b'\'' | b'"' => {
                self.opened = self.line;
                self.push(byte);
                let backslashes = continued.map_or(backslashes, |text| text.backslashes);
                let backslashes = backslashes && byte == b'\'';
                self.state = SplitterState::Quoted { quote: byte, backslashes, escaped: false };
            }
            b'$' => {
                self.opened = self.line;
                self.push(byte);
                self.state = SplitterState::DollarTag { start: self.statement.len() - 1 };
            }
            b'-' => {
                self.opened = self.line;
                self.state = SplitterState::Dash;
            }
            b'/' => {
                self.opened = self.line;
                self.state = SplitterState::Slash;
            }
            b'\\' => {
                self.opened = self.line;
                self.state = SplitterState::Command(vec![byte]);
            }
            b';' if self.parentheses == 0 && self.words.blocks == 0 => {
                return self.end_statement();
            }
            _ => {
                if byte == b'(' {
                    self.parentheses += 1;
                } else if byte == b')' {
                    self.parentheses = self.parentheses.saturating_sub(1);
                }
                if byte.is_ascii_whitespace() {
                    self.keep(&[byte]);
                } else {
                    self.push(byte);
                }
            }
        }
        None
    }
}
