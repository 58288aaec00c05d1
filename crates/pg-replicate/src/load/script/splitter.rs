//! Cuts a script into statements and commands of psql while it streams.
//!
//! psql's rules: quotes, dollar quotes, nested comments; a semicolon in parentheses or in a
//! `BEGIN ATOMIC` body ends nothing; a backslash outside of quotes begins a command of psql's.

use memchr::{memchr, memchr_iter};

/// No statement is longer: the server takes none longer either.
const LONGEST: usize = 1 << 30;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A statement without its semicolon, and the line of its first character.
    Statement(Vec<u8>, u64),
    /// A line of psql's from its backslash on, and its number.
    Command(Vec<u8>, u64),
}

/// Why a script cannot be cut any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: u64,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Normal,
    /// After the first character of what may be a comment.
    Dash,
    Slash,
    LineComment,
    BlockComment {
        depth: u32,
        last: u8,
    },
    Quoted {
        quote: u8,
        backslashes: bool,
        escaped: bool,
    },
    /// After a quote that ends the text, unless another follows.
    Closing {
        quote: u8,
        backslashes: bool,
    },
    /// In what may be the tag of a dollar quote; where it starts in the statement.
    DollarTag {
        start: usize,
    },
    /// Between two such tags, and where the text begins.
    Dollar {
        tag: Vec<u8>,
        start: usize,
    },
    Command(Vec<u8>),
}

/// The state of the cutting; bytes may come in pieces of any size.
#[derive(Debug)]
pub(super) struct Splitter {
    state: State,
    statement: Vec<u8>,
    line: u64,
    /// Where the statement starts, and what is open now.
    start: u64,
    opened: u64,
    parentheses: u32,
    words: Words,
    /// How much of the mark was seen that some editors put in front of UTF-8.
    mark: usize,
}

const BYTE_ORDER_MARK: [u8; 3] = *b"\xEF\xBB\xBF";

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            state: State::Normal,
            statement: Vec::new(),
            line: 1,
            start: 1,
            opened: 1,
            parentheses: 0,
            words: Words::default(),
            mark: 0,
        }
    }

    /// The line that is being read, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Goes on at `line`: what lay between was read by somebody else.
    pub(super) fn go_on_at(&mut self, line: u64) {
        self.line = line;
    }

    /// Takes bytes up to the end of the next piece; answers how many, and the piece.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Piece>), Broken> {
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

    /// What is left when the script ends.
    pub(super) fn finish(&mut self) -> Result<Option<Piece>, Broken> {
        let reason = match &self.state {
            State::BlockComment { .. } => Some("a comment that begins here is never closed"),
            State::Quoted { .. } => Some("a quote that begins here is never closed"),
            State::Dollar { .. } => Some("a dollar quote that begins here is never closed"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Broken { line: self.opened, reason });
        }
        if let State::Command(_) = self.state {
            return Ok(self.take(b'\n'));
        }
        self.settle();
        self.state = State::Normal;
        Ok(self.end_statement())
    }

    /// Takes the run of bytes in which nothing can end; most of a script lies in such runs.
    fn skip(&mut self, input: &[u8]) -> usize {
        let wanted = match self.state {
            State::LineComment => b'\n',
            State::Quoted { quote, backslashes: false, .. } => quote,
            State::Dollar { .. } => b'$',
            _ => return 0,
        };
        let length = memchr(wanted, input).unwrap_or(input.len());
        self.line += memchr_iter(b'\n', &input[..length]).count() as u64;
        if self.state != State::LineComment || !self.statement.is_empty() {
            self.statement.extend_from_slice(&input[..length]);
        }
        length
    }

    fn take(&mut self, byte: u8) -> Option<Piece> {
        match &mut self.state {
            State::Normal => return self.normal(byte),
            State::Dash if byte == b'-' => {
                self.state = State::LineComment;
                self.keep(b"--");
            }
            State::Slash if byte == b'*' => {
                self.state = State::BlockComment { depth: 1, last: 0 };
                self.keep(b"/*");
            }
            State::Dash | State::Slash => {
                self.settle();
                self.state = State::Normal;
                return self.normal(byte);
            }
            State::LineComment => {
                self.state = State::Normal;
                self.keep(b"\n");
            }
            State::BlockComment { depth, last } => {
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
                    self.state = State::Normal;
                }
                self.keep(&[byte]);
            }
            State::Quoted { quote, backslashes, escaped } => {
                if *escaped {
                    *escaped = false;
                } else if *backslashes && byte == b'\\' {
                    *escaped = true;
                } else if byte == *quote {
                    self.state = State::Closing { quote: *quote, backslashes: *backslashes };
                }
                self.statement.push(byte);
            }
            State::Closing { quote, backslashes } => {
                if byte == *quote {
                    let (quote, backslashes) = (*quote, *backslashes);
                    self.state = State::Quoted { quote, backslashes, escaped: false };
                    self.statement.push(byte);
                } else {
                    self.state = State::Normal;
                    return self.normal(byte);
                }
            }
            State::DollarTag { start } => {
                let start = *start;
                let is_first = self.statement.len() == start + 1;
                if byte == b'$' {
                    self.statement.push(byte);
                    let tag = self.statement[start..].to_vec();
                    self.state = State::Dollar { tag, start: self.statement.len() };
                } else if is_tag(byte, is_first) {
                    self.statement.push(byte);
                } else {
                    self.state = State::Normal;
                    return self.normal(byte);
                }
            }
            State::Dollar { tag, start } => {
                self.statement.push(byte);
                let body = self.statement.get(*start..).unwrap_or_default();
                if byte == b'$' && body.ends_with(tag) {
                    self.state = State::Normal;
                }
            }
            State::Command(text) => {
                if byte == b'\n' {
                    let line = self.opened;
                    let text = std::mem::take(text);
                    self.state = State::Normal;
                    return Some(Piece::Command(text, line));
                }
                text.push(byte);
            }
        }
        None
    }

    fn normal(&mut self, byte: u8) -> Option<Piece> {
        if BYTE_ORDER_MARK.get(self.mark) == Some(&byte) {
            self.mark += 1;
            return None;
        }
        self.mark = BYTE_ORDER_MARK.len();
        if is_word(byte) && !(byte == b'$' && self.words.current.is_empty()) {
            self.push(byte);
            self.words.push(byte);
            return None;
        }
        let was_e = self.words.current.eq_ignore_ascii_case(b"e");
        self.words.end(self.parentheses);
        match byte {
            b'\'' | b'"' => {
                self.opened = self.line;
                self.push(byte);
                let backslashes = was_e && byte == b'\'';
                self.state = State::Quoted { quote: byte, backslashes, escaped: false };
            }
            b'$' => {
                self.opened = self.line;
                self.push(byte);
                self.state = State::DollarTag { start: self.statement.len() - 1 };
            }
            b'-' => {
                self.opened = self.line;
                self.state = State::Dash;
            }
            b'/' => {
                self.opened = self.line;
                self.state = State::Slash;
            }
            b'\\' => {
                self.opened = self.line;
                self.state = State::Command(vec![byte]);
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

    fn end_statement(&mut self) -> Option<Piece> {
        self.parentheses = 0;
        self.words = Words::default();
        let mut statement = std::mem::take(&mut self.statement);
        statement.truncate(statement.trim_ascii_end().len());
        (!statement.is_empty()).then_some(Piece::Statement(statement, self.start))
    }

    /// The one character that was held back turned out to be part of the statement.
    fn settle(&mut self) {
        let held = match self.state {
            State::Dash => b'-',
            State::Slash => b'/',
            _ => return,
        };
        if self.statement.is_empty() {
            self.start = self.opened;
        }
        self.statement.push(held);
    }

    fn push(&mut self, byte: u8) {
        if self.statement.is_empty() {
            self.start = self.line;
        }
        self.statement.push(byte);
    }

    /// White space and comments count only within a statement.
    fn keep(&mut self, bytes: &[u8]) {
        if !self.statement.is_empty() {
            self.statement.extend_from_slice(bytes);
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

fn is_tag(byte: u8, is_first: bool) -> bool {
    byte != b'$' && is_word(byte) && !(is_first && byte.is_ascii_digit())
}

/// The words of a statement, as far as they tell the body of a routine.
#[derive(Debug, Default)]
struct Words {
    /// Cut: no keyword is longer.
    current: Vec<u8>,
    last: Vec<u8>,
    count: u32,
    is_create: bool,
    is_routine: bool,
    blocks: u32,
}

impl Words {
    fn push(&mut self, byte: u8) {
        if self.current.len() < 16 {
            self.current.push(byte);
        }
    }

    fn end(&mut self, parentheses: u32) {
        if self.current.is_empty() {
            return;
        }
        let is = |word: &str| self.current.eq_ignore_ascii_case(word.as_bytes());
        self.count += 1;
        match self.count {
            1 => self.is_create = is("CREATE"),
            2..=4 if self.is_create && (is("FUNCTION") || is("PROCEDURE")) => {
                self.is_routine = true;
            }
            _ => {}
        }
        if self.is_routine && parentheses == 0 {
            let begins = is("ATOMIC") && self.last.eq_ignore_ascii_case(b"BEGIN");
            if begins || (self.blocks > 0 && is("CASE")) {
                self.blocks += 1;
            } else if is("END") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.last = std::mem::take(&mut self.current);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(script: &[u8], size: usize) -> Result<Vec<Piece>, Broken> {
        let mut splitter = Splitter::new();
        let mut found = Vec::new();
        for mut chunk in script.chunks(size) {
            while !chunk.is_empty() {
                let (taken, piece) = splitter.feed(chunk)?;
                found.extend(piece);
                chunk = &chunk[taken..];
            }
        }
        found.extend(splitter.finish()?);
        Ok(found)
    }

    fn statements(script: &str) -> Vec<String> {
        let text = |piece| match piece {
            Piece::Statement(text, _) | Piece::Command(text, _) => String::from_utf8(text).unwrap(),
        };
        pieces(script.as_bytes(), 7).unwrap().into_iter().map(text).collect()
    }

    #[test]
    fn semicolons_that_end_nothing() {
        for whole in [
            "SELECT ';', 'it''s;'",
            "SELECT \";\"\"\"",
            "DO $$ BEGIN; END $$",
            "DO $a1$ $$;$a$ ; $a1$",
            "SELECT $1;SELECT 2".split(';').next().unwrap(),
            "SELECT a$b$;".trim_end_matches(';'),
            "SELECT 1 /* ; /* ; */ ; */ + 1",
            "SELECT 1 -- ;\n + 1",
            "SELECT 3 - 2 / 1",
            "SELECT (1;2)",
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
            "SELECT E'\\';', e'\\\\''\\';'",
            "SELECT 'a\\'",
            "SELECT 'é', \"ü\"",
        ] {
            assert_eq!(statements(&format!("{whole};\nSELECT 2;")), [whole, "SELECT 2"]);
        }
    }

    #[test]
    fn comments_lines_and_commands() {
        let script = b"-- a\n\\set x 1\r\n/* b\n */ SELECT 1\n -- c\n;;\n\\.\nSELECT\n2";
        assert_eq!(
            pieces(script, 100).unwrap(),
            [
                Piece::Command(b"\\set x 1\r".to_vec(), 2),
                Piece::Statement(b"SELECT 1\n -- c".to_vec(), 4),
                Piece::Command(b"\\.".to_vec(), 7),
                Piece::Statement(b"SELECT\n2".to_vec(), 8),
            ]
        );
    }

    #[test]
    fn a_command_in_the_middle_of_a_statement_is_no_part_of_it() {
        assert_eq!(statements("SELECT \\g\n 1;"), ["\\g", "SELECT  1"]);
    }

    #[test]
    fn what_is_never_closed() {
        for (script, line) in [("SELECT\n'a\n", 2), ("\n/* /* */", 2), ("$x$ $y$", 1), ("\"", 1)] {
            assert_eq!(pieces(script.as_bytes(), 3).unwrap_err().line, line, "{script}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_size_of_the_pieces_read_does_not_matter(
            script in "[ae \n'\"$/*;E\\\\(),x1-]{0,60}", size in 1_usize..9
        ) {
            assert_eq!(pieces(script.as_bytes(), size), pieces(script.as_bytes(), 1000));
        }

        /// The whole-text reader of the enrichment script agrees.
        #[test]
        fn statements_are_those_of_the_whole_text(script in "[ab '\"$;E\n(),1-]{0,60}") {
            let Ok(whole) = crate::sql_text::split(&script) else { return Ok(()) };
            let Ok(streamed) = pieces(script.as_bytes(), 5) else {
                panic!("only the streamed one fails: {script:?}");
            };
            assert_eq!(whole.len(), streamed.len(), "{script:?} {whole:?} {streamed:?}");
            for (whole, piece) in whole.iter().zip(&streamed) {
                let Piece::Statement(text, line) = piece else { panic!() };
                assert!(text.starts_with(whole.sql.as_bytes()), "{whole:?} {piece:?}");
                assert_eq!(whole.line as u64, *line, "{script:?}");
            }
        }
    }
}
