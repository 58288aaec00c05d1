//! Splitter of a script into statements, as in psql.

use crate::postgres::sql_text::lexer::{LexError, Token, TokenKind, tokens};

/// A statement of a script, without its semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// From its first token to its last.
    pub(crate) sql: &'a str,
    /// The line of its first token, counted from 1.
    pub(crate) line: usize,
    /// The comments between the previous statement and this one.
    pub(crate) comments: Vec<&'a str>,
}

/// The statements of `script`. A semicolon in parentheses, or in a function's `BEGIN ATOMIC` body, does not
/// end a statement.
pub(crate) fn split(script: &str) -> Result<Vec<Statement<'_>>, LexError> {
    let mut statements = Vec::new();
    let mut current = Current::default();
    for token in tokens(script)? {
        if token.kind == TokenKind::Comment {
            if current.tokens.is_empty() {
                current.comments.push(token.text);
            }
        } else if token.is_symbol(';') && current.may_end() {
            statements.extend(current.finish(script));
            current = Current::default();
        } else {
            current.push(token);
        }
    }
    statements.extend(current.finish(script));
    Ok(statements)
}

#[derive(Default)]
struct Current<'a> {
    comments: Vec<&'a str>,
    tokens: Vec<Token<'a>>,
    parentheses: u32,
    blocks: u32,
}

impl<'a> Current<'a> {
    fn push(&mut self, token: Token<'a>) {
        if token.is_symbol('(') {
            self.parentheses += 1;
        } else if token.is_symbol(')') {
            self.parentheses = self.parentheses.saturating_sub(1);
        } else if self.parentheses == 0 && self.is_routine() {
            let atomic = token.is_word("ATOMIC")
                && self.tokens.last().is_some_and(|last| last.is_word("BEGIN"));
            if atomic || (self.blocks > 0 && token.is_word("CASE")) {
                self.blocks += 1;
            } else if token.is_word("END") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.tokens.push(token);
    }

    fn is_routine(&self) -> bool {
        let mut words =
            self.tokens.iter().filter(|token| !(token.is_word("OR") || token.is_word("REPLACE")));
        words.next().is_some_and(|token| token.is_word("CREATE"))
            && words
                .next()
                .is_some_and(|token| token.is_word("FUNCTION") || token.is_word("PROCEDURE"))
    }

    fn may_end(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn finish(self, script: &'a str) -> Option<Statement<'a>> {
        let (first, last) = (self.tokens.first()?, self.tokens.last()?);
        Some(Statement {
            sql: &script[first.start..last.end()],
            line: script[..first.start].matches('\n').count() + 1,
            comments: self.comments,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqls(script: &str) -> Vec<&str> {
        split(script).unwrap().iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn semicolons_that_end_nothing() {
        for whole in [
            "SELECT ';'",
            "SELECT \";\"",
            "DO $$ BEGIN; END $$",
            "SELECT 1 /* ; */ + 1",
            "SELECT 1 -- ;\n + 1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
            "SELECT E'\\';'",
        ] {
            assert_eq!(sqls(&format!("{whole};\nSELECT 2;")), [whole, "SELECT 2"]);
        }
    }

    #[test]
    fn begin_and_end_of_a_transaction_are_statements() {
        assert_eq!(sqls("BEGIN; SELECT 1; END;"), ["BEGIN", "SELECT 1", "END"]);
    }

    #[test]
    fn empty_statements_vanish_and_the_last_needs_no_semicolon() {
        assert_eq!(sqls(";; SELECT 1;;\n-- end\n; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert!(sqls(" -- nothing\n").is_empty());
    }

    #[test]
    fn comments_above_and_lines() {
        let script = "-- a\n\n-- b\nSELECT 1; -- c\nSELECT -- d\n 2;";
        let statements = split(script).unwrap();
        assert_eq!(statements[0].comments, ["-- a", "-- b"]);
        assert_eq!((statements[0].line, statements[1].line), (4, 5));
        assert_eq!(statements[1].comments, ["-- c"]);
    }

    proptest::proptest! {
        #[test]
        fn statements_survive_being_joined(
            parts in proptest::collection::vec("(a |'b;' |\"c;\" |\\$q\\$;d\\$q\\$ |\\(e;f\\) |/\\* ; \\*/ g ){1,3}", 1..6)
        ) {
            let parts: Vec<String> = parts.iter().map(|part| format!("x {part} y")).collect();
            let script = parts.join(";\n");
            assert_eq!(sqls(&script), parts.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
