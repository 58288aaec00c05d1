//! psql's variables: `\set name value`, and `:name`, `:'name'`, `:"name"` in statements.

use std::collections::HashMap;

use crate::postgres::identifier::quote_identifier;
use crate::postgres::identifier::quote_literal;
use crate::postgres::sql_text::{Strings, Token, TokenKind, head};

/// Longer statements are rows, not text with variables.
const LONGEST: usize = 1 << 20;

/// Maximum depth of variables whose values contain other variables.
const DEEPEST: usize = 16;

/// The variables that are set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(HashMap<String, String>);

impl Variables {
    /// Sets a variable, like `\set` with these arguments: the values are concatenated.
    pub(crate) fn set(&mut self, name: String, values: &[String]) {
        self.0.insert(name, values.concat());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `sql` with variables replaced, including those in their values; `None` if it contains none. An unset
    /// variable is left unchanged, as in psql, because it may be an array slice.
    pub(crate) fn expand(&self, sql: &str, strings: Strings) -> Result<Option<String>, String> {
        let mut expanded = self.expand_once(sql, strings);
        for _ in 0..DEEPEST {
            match expanded.as_deref().and_then(|sql| self.expand_once(sql, strings)) {
                Some(deeper) => expanded = Some(deeper),
                None => return Ok(expanded),
            }
        }
        Err("variables whose values name each other in a circle".into())
    }

    fn expand_once(&self, sql: &str, strings: Strings) -> Option<String> {
        if self.0.is_empty() || sql.len() > LONGEST || !sql.contains(':') {
            return None;
        }
        let tokens = head(sql, usize::MAX, strings);
        let mut expanded = String::new();
        let mut end = 0;
        for number in 0..tokens.len() {
            if let Some((value, last)) = self.reference(&tokens, number) {
                expanded.push_str(&sql[end..tokens[number].start]);
                expanded.push_str(&value);
                end = last;
            }
        }
        expanded.push_str(&sql[end..]);
        (end > 0).then_some(expanded)
    }

    /// The replacement of the tokens from `number` on, and their end.
    fn reference(&self, tokens: &[Token<'_>], number: usize) -> Option<(String, usize)> {
        let colon = tokens.get(number).filter(|token| token.is_symbol(':'))?;
        let is_cast = number > 0
            && tokens[number - 1].is_symbol(':')
            && tokens[number - 1].end() == colon.start;
        let next = tokens.get(number + 1).filter(|next| next.start == colon.end())?;
        if is_cast {
            return None;
        }
        let value = match next.kind {
            TokenKind::Word => self.get(next.text)?.to_owned(),
            TokenKind::Text => quote_literal(self.get(unquoted(next.text, '\'')?)?),
            TokenKind::Quoted => quote_identifier(self.get(unquoted(next.text, '"')?)?),
            _ => return None,
        };
        Some((value, next.end()))
    }
}

fn unquoted(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let mut variables = Variables::default();
        variables.set("t".into(), &["us".into(), "ers".into()]);
        variables.set("v".into(), &["it's \\ \"x\"".into()]);
        let expand = |sql: &str| {
            variables.expand(sql, Strings::Standard).unwrap().unwrap_or_else(|| sql.to_owned())
        };
        assert_eq!(expand("TRUNCATE :t, :\"t\" ;"), "TRUNCATE users, \"users\" ;");
        assert_eq!(
            expand("SELECT :'v', :\"v\""),
            "SELECT  E'it''s \\\\ \"x\"', \"it's \\ \"\"x\"\"\""
        );
        variables.set("deep".into(), &["SELECT :t, :'t'".into()]);
        variables.set("round".into(), &[":round".into()]);
        let expand = |sql: &str| variables.expand(sql, Strings::Standard);
        assert_eq!(expand(":deep").unwrap().unwrap(), "SELECT users, 'users'");
        assert!(expand(":round").unwrap_err().contains("circle"));
        let expand = |sql: &str| expand(sql).unwrap().unwrap_or_else(|| sql.to_owned());
        for same in ["SELECT '1'::t", "SELECT ':t', \":t\" -- :t", "a[1:n]", "x := t", "$$:t$$"] {
            assert_eq!(expand(same), same);
        }
    }
}
