//! Necessity of a statement of pg_dump: whether it must succeed.

use crate::postgres::sql_text::{Cursor, Strings};

/// Kinds of pg_dump's statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must succeed.
    Must,
    /// An ordinary role may be refused; nothing with data needs it.
    May,
    /// Prepares the drop of an existing object, and may refer to something missing; the drop itself must
    /// succeed.
    Clearing,
    /// It is left out.
    Not,
}

pub(crate) fn need(sql: &str) -> Need {
    let mut at = Cursor::of_head(sql, 20, Strings::Standard);
    let at = &mut at;
    if at.eat(&["DROP", "EXTENSION"]) || at.eat(&["SET", "transaction_timeout"]) {
        // It would drop dependent objects too, and CREATE … IF NOT EXISTS follows; an older server does not
        // know the setting.
        return Need::Not;
    }
    if at.eat(&["ALTER", "TABLE", "IF", "EXISTS"]) {
        return Need::Clearing;
    }
    let is_public = |at: &mut Cursor<'_>| at.name().is_some_and(|name| name == "public");
    if at.eat(&["DROP", "SCHEMA"]) {
        at.eat(&["IF", "EXISTS"]);
        return if is_public(at) { Need::Not } else { Need::Must };
    }
    if at.eat(&["CREATE", "SCHEMA"]) {
        return if is_public(at) { Need::Not } else { Need::Must };
    }
    let _ = at.eat(&["COMMENT", "ON"])
        || at.eat(&["CREATE"])
        || at.eat(&["ALTER"])
        || at.eat(&["DROP"]);
    for words in [
        &["EXTENSION"][..],
        &["EVENT", "TRIGGER"],
        &["PUBLICATION"],
        &["SUBSCRIPTION"],
        &["SCHEMA"],
        &["LANGUAGE"],
    ] {
        if at.eat(words) {
            return Need::May;
        }
    }
    Need::Must
}

pub(crate) fn first_line(sql: &str) -> String {
    sql.lines().next().unwrap_or_default().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_ordinary_role_may_be_refused() {
        for (sql, wanted) in [
            ("DROP EXTENSION IF EXISTS pgcrypto", Need::Not),
            ("CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public", Need::May),
            ("COMMENT ON EXTENSION pgcrypto IS 'x'", Need::May),
            ("COMMENT ON SCHEMA public IS 'x'", Need::May),
            ("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", Need::May),
            ("DROP SCHEMA IF EXISTS public", Need::Not),
            ("CREATE SCHEMA public", Need::Not),
            ("CREATE SCHEMA stats", Need::Must),
            ("SET transaction_timeout = 0", Need::Not),
            ("ALTER TABLE IF EXISTS public.a ALTER COLUMN id DROP DEFAULT", Need::Clearing),
            ("ALTER TABLE ONLY public.a ALTER COLUMN id SET DEFAULT 1", Need::Must),
            ("CREATE TRIGGER t AFTER INSERT ON public.a EXECUTE FUNCTION f()", Need::Must),
            ("COMMENT ON TABLE public.a IS 'x'", Need::Must),
        ] {
            assert_eq!(need(sql), wanted, "{sql}");
        }
    }
}
