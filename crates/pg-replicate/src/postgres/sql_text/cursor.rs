//! Cursor over tokens, to find names.

use crate::postgres::sql_text::lexer::{LexError, Strings, Token, TokenKind, head, tokens};

/// A cursor over a statement's tokens without comments.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(sql: &'a str) -> Result<Self, LexError> {
        let mut tokens = tokens(sql)?;
        tokens.retain(|token| token.kind != TokenKind::Comment);
        Ok(Self { tokens, at: 0 })
    }

    /// A cursor over the first `most` tokens, for statements of any length.
    pub(crate) fn of_head(sql: &'a str, most: usize, strings: Strings) -> Self {
        let mut tokens = head(sql, most, strings);
        tokens.retain(|token| token.kind != TokenKind::Comment);
        Self { tokens, at: 0 }
    }

    /// Moves behind the next token.
    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    /// The value of a single-quoted string at the cursor.
    pub(crate) fn text(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Text)?;
        let text = token.text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
        self.at += 1;
        Some(text)
    }

    /// The digits of a number at the cursor.
    pub(crate) fn number(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Number)?;
        let digits = token.text.to_owned();
        self.at += 1;
        Some(digits)
    }

    pub(crate) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    /// Start of the next token in bytes; `None` at the end.
    pub(crate) fn position(&self) -> Option<usize> {
        self.peek().map(|token| token.start)
    }

    /// Moves behind the next token.
    pub(crate) fn step(&mut self) {
        self.at += 1;
    }

    /// Moves behind the parenthesis that closes the one at the cursor.
    pub(crate) fn skip_parentheses(&mut self) -> bool {
        let mut depth = 0_i32;
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_symbol('(') {
                depth += 1;
            } else if token.is_symbol(')') {
                depth -= 1;
            }
            if depth == 0 && !token.is_symbol(')') {
                return false;
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
        false
    }

    /// Consumes `words`, all or none; returns whether they were at the cursor.
    pub(crate) fn eat(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| token.is_word(word))
        });
        if found {
            self.at += words.len();
        }
        found
    }

    pub(crate) fn eat_symbol(&mut self, symbol: char) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    /// Moves behind the next `word` outside parentheses.
    pub(crate) fn skip_past(&mut self, word: &str) -> bool {
        let mut depth = 0_i32;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if token.is_symbol('(') {
                depth += 1;
            } else if token.is_symbol(')') {
                depth -= 1;
            } else if depth == 0 && token.is_word(word) {
                return true;
            }
        }
        false
    }

    /// A quoted or unquoted name, as in the catalog.
    pub(crate) fn name(&mut self) -> Option<String> {
        let token = self.peek()?;
        let name = match token.kind {
            TokenKind::Word => token.text.to_ascii_lowercase(),
            TokenKind::Quoted => {
                let text = token.text.strip_prefix('"')?.strip_suffix('"')?;
                text.replace("\"\"", "\"")
            }
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// A name with or without qualifiers: `a`, `a.b`, `a.b.c`.
    pub(crate) fn qualified_name(&mut self) -> Option<Vec<String>> {
        let mut parts = vec![self.name()?];
        while self.eat_symbol('.') {
            parts.push(self.name()?);
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let mut cursor =
            Cursor::new("CREATE /* x */ INDEX \"ON\" ON Public.\"a\"\"b\" (x)").unwrap();
        assert!(!cursor.eat(&["CREATE", "TABLE"]));
        assert!(cursor.eat(&["create", "index"]));
        assert!(cursor.skip_past("ON"));
        assert_eq!(cursor.qualified_name().unwrap(), ["public", "a\"b"]);
        assert!(cursor.eat_symbol('('));
    }

    #[test]
    fn words_in_parentheses_are_skipped() {
        let mut cursor = Cursor::new("(extract(day FROM x)) FROM t").unwrap();
        assert!(cursor.skip_past("FROM"));
        assert_eq!(cursor.name().unwrap(), "t");
    }
}
