//! Lexer with PostgreSQL's rules for quotes, dollar quotes and nested comments.
//! (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>)

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or an unquoted name.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A string in any notation.
    Text,
    /// A number.
    Number,
    /// Any other single character.
    Symbol,
    /// A comment, of either kind.
    Comment,
}

/// A token; tokens are separated by whitespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    /// In bytes, from the start of the text.
    pub(crate) start: usize,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.kind == TokenKind::Symbol && self.text.starts_with(symbol)
    }
}

/// Text that cannot be divided into tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LexError {
    /// Its start, in bytes.
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

/// Meaning of a backslash in `'…'`, according to the server's `standard_conforming_strings`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Strings {
    /// An ordinary character.
    #[default]
    Standard,
    /// The start of an escape, as in `E'…'`.
    Escaping,
}

/// PostgreSQL's whitespace; the vertical tab is included from version 16 on, and an error before.
fn is_space(character: char) -> bool {
    character.is_ascii_whitespace() || character == '\u{b}'
}

/// The tokens of `sql`, with standard strings.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, LexError> {
    Lexer::new(sql, Strings::Standard).collect()
}

/// The first `most` tokens of `sql`, up to a lexical error: enough to recognize a statement without reading
/// all of its values.
pub(crate) fn head(sql: &str, most: usize, strings: Strings) -> Vec<Token<'_>> {
    Lexer::new(sql, strings).map_while(Result::ok).take(most).collect()
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    strings: Strings,
    /// The end of the last string and the meaning of a backslash in it, while only line comments follow.
    text: Option<(usize, Strings)>,
}

impl<'a> Lexer<'a> {
    fn new(sql: &'a str, strings: Strings) -> Self {
        Self { sql, at: 0, strings, text: None }
    }

    /// The meaning of a backslash in a string without a prefix: one on a later line continues the last
    /// string.
    fn strings(&self) -> Strings {
        match self.text {
            Some((end, strings)) if self.sql[end..self.at].contains(['\n', '\r']) => strings,
            _ => self.strings,
        }
    }

    fn remember(&mut self, token: &Token<'_>) {
        let strings = match token.text.as_bytes()[0] {
            b'\'' => self.strings(),
            b'e' | b'E' => Strings::Escaping,
            b'n' | b'N' => self.strings,
            _ => Strings::Standard,
        };
        match token.kind {
            TokenKind::Text if token.text.ends_with('\'') => {
                self.text = Some((token.end(), strings))
            }
            TokenKind::Comment if token.text.starts_with("--") => {}
            _ => self.text = None,
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Token<'a>, LexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.sql[self.at..];
        self.at += rest.find(|one| !is_space(one)).unwrap_or(rest.len());
        let (at, sql) = (self.at, self.sql);
        let first = sql[at..].chars().next()?;
        let strings = if first == '\'' { self.strings() } else { self.strings };
        match next(&sql[at..], first, strings) {
            Err(reason) => Some(Err(LexError { at, reason })),
            Ok((kind, length)) => {
                let token = Token { kind, text: &sql[at..at + length], start: at };
                self.remember(&token);
                self.at += length;
                Some(Ok(token))
            }
        }
    }
}

fn next(rest: &str, first: char, strings: Strings) -> Result<(TokenKind, usize), &'static str> {
    let bytes = rest.as_bytes();
    let escaping = strings == Strings::Escaping;
    match first {
        '-' if rest.starts_with("--") => {
            Ok((TokenKind::Comment, rest.find(['\n', '\r']).unwrap_or(rest.len())))
        }
        '/' if rest.starts_with("/*") => Ok((TokenKind::Comment, block_comment(bytes)?)),
        '"' => Ok((TokenKind::Quoted, quoted(bytes, 1, b'"', false)?)),
        '\'' => Ok((TokenKind::Text, quoted(bytes, 1, b'\'', escaping)?)),
        '$' => match dollar_quoted(rest)? {
            Some(length) => Ok((TokenKind::Text, length)),
            None => Ok((TokenKind::Symbol, 1)),
        },
        'e' | 'E' if bytes.get(1) == Some(&b'\'') => {
            Ok((TokenKind::Text, quoted(bytes, 2, b'\'', true)?))
        }
        'n' | 'N' if bytes.get(1) == Some(&b'\'') => {
            Ok((TokenKind::Text, quoted(bytes, 2, b'\'', escaping)?))
        }
        'b' | 'B' | 'x' | 'X' if bytes.get(1) == Some(&b'\'') => {
            Ok((TokenKind::Text, quoted(bytes, 2, b'\'', false)?))
        }
        'u' | 'U' if rest[1..].starts_with("&'") => {
            Ok((TokenKind::Text, quoted(bytes, 3, b'\'', false)?))
        }
        'u' | 'U' if rest[1..].starts_with("&\"") => {
            Ok((TokenKind::Quoted, quoted(bytes, 3, b'"', false)?))
        }
        '0'..='9' => Ok((TokenKind::Number, word_length(rest))),
        _ if is_word_start(first) => Ok((TokenKind::Word, word_length(rest))),
        _ => Ok((TokenKind::Symbol, first.len_utf8())),
    }
}

fn is_word_start(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || !character.is_ascii()
}

fn word_length(rest: &str) -> usize {
    let inside = |one: char| is_word_start(one) || one.is_ascii_digit() || one == '$';
    rest.find(|one| !inside(one)).unwrap_or(rest.len())
}

/// The length of the text that `quote` ends, from `from` on; a doubled quote stands for itself.
fn quoted(bytes: &[u8], from: usize, quote: u8, backslashes: bool) -> Result<usize, &'static str> {
    let mut at = from;
    while at < bytes.len() {
        if backslashes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return Ok(at + 1);
        }
    }
    Err(if quote == b'"' { "a double quote is never closed" } else { "a quote is never closed" })
}

fn block_comment(bytes: &[u8]) -> Result<usize, &'static str> {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => at += 1,
        }
    }
    Err("a comment is never closed")
}

/// `$$…$$` or `$tag$…$tag$`; `None` for any other `$`, such as a parameter's.
fn dollar_quoted(rest: &str) -> Result<Option<usize>, &'static str> {
    let Some(end) = rest[1..].find('$') else { return Ok(None) };
    let tag = &rest[1..=end];
    let mut characters = tag.chars();
    let is_tag = characters.next().is_none_or(is_word_start)
        && characters.all(|one| is_word_start(one) || one.is_ascii_digit());
    if !is_tag {
        return Ok(None);
    }
    let delimiter = &rest[..end + 2];
    match rest[delimiter.len()..].find(delimiter) {
        Some(at) => Ok(Some(at + 2 * delimiter.len())),
        None => Err("a dollar quote is never closed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn every_notation_is_one_token() {
        for whole in [
            "'it''s'",
            "E'a\\'b'",
            "\"a\"\"b\"",
            "$$a;'b$$",
            "$t$ $$ ; $t$",
            "/* a /* b */ ; */",
            "U&'d\\0061t'",
            "x'1F'",
            "été$1",
        ] {
            assert_eq!(texts(whole), [whole]);
        }
        assert_eq!(texts("a$b$c"), ["a$b$c"]);
        assert_eq!(texts("$1+$2"), ["$", "1", "+", "$", "2"]);
        assert_eq!(texts("a--b;\nc"), ["a", "--b;", "c"]);
    }

    #[test]
    fn backslashes_escape_where_strings_say_so() {
        let sql = "'\\'' || n'\\'' || B'\\' || \"\\\" || E'\\''";
        let texts: Vec<&str> = head(sql, usize::MAX, Strings::Escaping)
            .iter()
            .filter(|token| token.kind != TokenKind::Symbol)
            .map(|token| token.text)
            .collect();
        assert_eq!(texts, ["'\\''", "n'\\''", "B'\\'", "\"\\\"", "E'\\''"]);
    }

    #[test]
    fn a_text_on_a_later_line_is_the_rest_of_the_last() {
        assert_eq!(texts("E'a' -- '\n'\\''"), ["E'a'", "-- '", "'\\''"]);
        assert_eq!(texts("E'a'\n'b'\n'\\''").len(), 3);
        for sql in ["E'a' '\\'", "E'a' /**/\n'\\'", "'a'\n'\\'", "E'a'\n+'\\'", "$$a$$\n'\\'"] {
            assert_eq!(texts(sql).last(), Some(&"'\\'"), "{sql}");
        }
    }

    #[test]
    fn what_is_never_closed_is_reported() {
        for (sql, at) in [("a 'b", 2), ("\"", 0), (" /* /* */", 1), ("$x$ $y$", 0)] {
            assert_eq!(tokens(sql).unwrap_err().at, at, "{sql}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_white_space_is_left_out(sql in "[a-c '\"$/*;E\\\\\n(-]{0,40}") {
            if let Ok(tokens) = tokens(&sql) {
                let mut at = 0;
                for token in tokens {
                    assert!(sql[at..token.start].chars().all(is_space));
                    at = token.end();
                }
                assert!(sql[at..].chars().all(is_space));
            }
        }
    }
}
