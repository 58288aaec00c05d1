//! Checks of configured SQL expressions that need no server.

use crate::postgres::sql_text::{TokenKind, tokens};

/// Why `sql` cannot be a single expression in parentheses; the server checks the rest.
///
/// It is inserted into other SQL, so no part of it may end or hide what follows.
pub(super) fn wrong(sql: &str) -> Option<String> {
    let tokens = match tokens(sql) {
        Ok(tokens) if tokens.is_empty() => return Some("nothing".into()),
        Ok(tokens) => tokens,
        Err(error) => {
            return Some(format!("{} at character {}", error.reason, place(sql, error.at)));
        }
    };
    let mut open = Vec::new();
    for token in tokens {
        let at = place(sql, token.start);
        match (token.kind, token.text) {
            (TokenKind::Comment, _) => return Some(format!("a comment at character {at}")),
            (TokenKind::Symbol, ";") => return Some(format!("a semicolon at character {at}")),
            (TokenKind::Symbol, "$") => return Some(format!("a parameter ($) at character {at}")),
            (TokenKind::Symbol, ",") if open.is_empty() => {
                return Some(format!("several expressions: a comma at character {at}"));
            }
            (TokenKind::Symbol, "(") => open.push((")", at)),
            (TokenKind::Symbol, "[") => open.push(("]", at)),
            (TokenKind::Symbol, close @ (")" | "]")) => match open.pop() {
                Some((wanted, _)) if wanted == close => {}
                _ => return Some(format!("\"{close}\" at character {at}, which closes nothing")),
            },
            _ => {}
        }
    }
    open.pop().map(|(close, at)| {
        format!("an opening at character {at} that is not closed by \"{close}\"")
    })
}

/// In characters, counted from 1.
fn place(sql: &str, byte: usize) -> usize {
    sql[..byte].chars().count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for sql in [
            "'user' || id || '@example.net'",
            "jsonb_set(data, '{a,b}', '\"--;\"')",
            "(SELECT max(x) FROM public.other WHERE y = id)",
            "ARRAY[1, 2][1]",
            "\"odd ) name\" || $$ ( ; $$",
            "CASE WHEN a > 1 THEN 'é)' END",
        ] {
            assert_eq!(wrong(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_would_end_or_hide_the_text_around() {
        for (sql, found) in [
            ("", "nothing"),
            (" \n", "nothing"),
            ("'x' -- ", "a comment at character 5"),
            ("/* x */ 1", "a comment at character 1"),
            ("1 /* x", "a comment is never closed at character 3"),
            ("'é' || 'b", "a quote is never closed at character 8"),
            ("1; DROP TABLE t", "a semicolon at character 2"),
            ("1), (2", "\")\" at character 2, which closes nothing"),
            ("(1]", "\"]\" at character 3, which closes nothing"),
            ("f((1)", "an opening at character 2 that is not closed by \")\""),
            ("a, b", "several expressions: a comma at character 2"),
            ("$1", "a parameter ($) at character 1"),
        ] {
            assert_eq!(wrong(sql).as_deref(), Some(found), "{sql}");
        }
    }
}
