//! Kind of a script's statement, as far as it matters to a load.

use crate::postgres::sql_text::{Cursor, Strings, TokenKind};
use crate::psql_script::command::{is_utf8, not_utf8};

/// Maximum number of tokens before a statement's values begin.
const MOST_TOKENS: usize = 20_000;

/// A name with its qualifiers, as written.
pub(crate) type Name = Vec<String>;

/// Effect of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SqlKind {
    /// Rows follow in the script.
    Copy(Rows),
    /// Rows within the statement.
    Insert(Rows),
    /// Changes rows of a table, or its definition.
    Change(Name),
    /// Empties tables.
    Truncate(Truncate),
    /// Sets a sequence.
    Sequence(SequenceSet),
    /// Sets the schemas in which unqualified names are looked up; `None`: those at the start of the
    /// session.
    SearchPath(Option<Vec<String>>),
    /// Ignored, with the reason.
    LeftOut(&'static str),
    /// Not supported, with the reason and what to do.
    Refused(String),
    /// Anything else.
    Other,
}

/// How a call of `setval` identifies its sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SequenceSet {
    /// By its name, as written in the call.
    Name(String),
    /// By a table, as written in the call, and its column.
    OfColumn(String, String),
}

/// Rows for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) table: Name,
    /// In the order of the rows' values, if they are named.
    pub(crate) columns: Option<Vec<String>>,
}

/// A TRUNCATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Truncate {
    pub(crate) tables: Vec<Name>,
    /// `RESTART IDENTITY` and `CASCADE`, as far as given.
    pub(crate) options: String,
    pub(crate) is_cascade: bool,
}

const IN_ONE_TRANSACTION: &str = "everything is one transaction";

impl SqlKind {
    pub(crate) fn of(sql: &str, strings: Strings) -> Self {
        let mut at = Cursor::of_head(sql, MOST_TOKENS, strings);
        let at = &mut at;
        // The server accepts empty statements before the actual one; they are removed here.
        if at.peek().is_some_and(|first| first.kind != TokenKind::Word && !first.is_symbol('(')) {
            return Self::Refused("a statement must begin with a word".into());
        }
        if at.eat(&["COPY"]) {
            return copy(at);
        }
        if at.eat(&["INSERT", "INTO"]) {
            return rows(at).map_or(Self::Other, Self::Insert);
        }
        if at.eat(&["TRUNCATE"]) {
            return truncate(at).map_or(Self::Other, Self::Truncate);
        }
        if at.eat(&["UPDATE"]) || at.eat(&["DELETE", "FROM"]) {
            at.eat(&["ONLY"]);
            return at.qualified_name().map_or(Self::Other, Self::Change);
        }
        if at.eat(&["SELECT"]) {
            return function(at);
        }
        if at.eat(&["SET"]) {
            return set(at);
        }
        if at.eat(&["RESET", "ALL"]) || at.eat(&["RESET", "search_path"]) {
            return Self::SearchPath(None);
        }
        if at.eat(&["ALTER", "TABLE"]) {
            return alter_table(at);
        }
        if at.eat(&["BEGIN"]) || at.eat(&["START", "TRANSACTION"]) {
            return Self::LeftOut(IN_ONE_TRANSACTION);
        }
        if at.eat(&["COMMIT"]) || at.eat(&["END"]) {
            if at.eat(&["PREPARED"]) {
                return Self::Refused("prepared transactions are not supported".into());
            }
            return Self::LeftOut(IN_ONE_TRANSACTION);
        }
        if at.eat(&["ABORT"]) || (at.eat(&["ROLLBACK"]) && !rolls_back_to_savepoint(at)) {
            return Self::Refused(
                "ROLLBACK would undo what was loaded: everything is one transaction; remove it"
                    .into(),
            );
        }
        if at.eat(&["PREPARE", "TRANSACTION"]) {
            return Self::Refused(
                "everything is one transaction: remove PREPARE TRANSACTION".into(),
            );
        }
        Self::Other
    }
}

fn rolls_back_to_savepoint(at: &mut Cursor<'_>) -> bool {
    let _ = at.eat(&["WORK"]) || at.eat(&["TRANSACTION"]);
    at.eat(&["TO"])
}

/// `table [(columns)]`
fn rows(at: &mut Cursor<'_>) -> Option<Rows> {
    let table = at.qualified_name()?;
    let mut columns = None;
    if at.eat_symbol('(') {
        let mut names = Vec::new();
        loop {
            names.push(at.name()?);
            if at.eat_symbol(')') {
                break;
            }
            if !at.eat_symbol(',') {
                return None;
            }
        }
        columns = Some(names);
    }
    Some(Rows { table, columns })
}

fn copy(at: &mut Cursor<'_>) -> SqlKind {
    let wanted = "only COPY … FROM stdin, in text or CSV, with its rows below, can be loaded";
    let refused = || SqlKind::Refused(wanted.to_owned());
    let Some(rows) = rows(at) else { return refused() };
    if !at.eat(&["FROM", "STDIN"]) {
        return refused();
    }
    while let Some(token) = at.peek() {
        if token.is_word("BINARY") {
            return refused();
        }
        let is_encoding = token.is_word("ENCODING");
        at.advance();
        if is_encoding
            && let Some(name) = at.text()
            && !is_utf8(&name)
        {
            return SqlKind::Refused(not_utf8(&name));
        }
    }
    SqlKind::Copy(rows)
}

fn truncate(at: &mut Cursor<'_>) -> Option<Truncate> {
    at.eat(&["TABLE"]);
    let mut tables = Vec::new();
    loop {
        at.eat(&["ONLY"]);
        tables.push(at.qualified_name()?);
        at.eat_symbol('*');
        if !at.eat_symbol(',') {
            break;
        }
    }
    let mut options = String::new();
    if at.eat(&["RESTART", "IDENTITY"]) {
        options.push_str(" RESTART IDENTITY");
    } else {
        at.eat(&["CONTINUE", "IDENTITY"]);
    }
    let is_cascade = at.eat(&["CASCADE"]);
    if is_cascade {
        options.push_str(" CASCADE");
    }
    Some(Truncate { tables, options, is_cascade })
}

/// `setval('name', …)` and `set_config('search_path', …)`, with or without their schema.
fn function(at: &mut Cursor<'_>) -> SqlKind {
    if at.eat(&["pg_catalog"]) {
        at.eat_symbol('.');
    }
    if at.eat(&["setval"]) && at.eat_symbol('(') {
        return set_sequence(at).map_or(SqlKind::Other, SqlKind::Sequence);
    }
    if at.eat(&["set_config"])
        && at.eat_symbol('(')
        && at.text().is_some_and(|name| name == "search_path")
        && at.eat_symbol(',')
        && let Some(path) = at.text()
    {
        let mut names = Cursor::of_head(&path, MOST_TOKENS, Strings::Standard);
        return SqlKind::SearchPath(Some(list(&mut names)));
    }
    SqlKind::Other
}

/// The first argument of `setval`.
fn set_sequence(at: &mut Cursor<'_>) -> Option<SequenceSet> {
    if let Some(name) = at.text() {
        return Some(SequenceSet::Name(name));
    }
    if at.eat(&["pg_catalog"]) {
        at.eat_symbol('.');
    }
    if !(at.eat(&["pg_get_serial_sequence"]) && at.eat_symbol('(')) {
        return None;
    }
    let table = at.text()?;
    at.eat_symbol(',').then(|| at.text())?.map(|column| SequenceSet::OfColumn(table, column))
}

fn list(at: &mut Cursor<'_>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(name) = at.name().or_else(|| at.text()) {
        names.push(name);
        if !at.eat_symbol(',') {
            break;
        }
    }
    names
}

fn set(at: &mut Cursor<'_>) -> SqlKind {
    let _ = at.eat(&["SESSION"]) || at.eat(&["LOCAL"]);
    let is_names = at.eat(&["NAMES"]);
    let Some(name) = (if is_names { Some("client_encoding".into()) } else { at.name() }) else {
        return SqlKind::Other;
    };
    let _ = at.eat_symbol('=') || at.eat(&["TO"]);
    let mut value = || at.text().or_else(|| at.name()).unwrap_or_default();
    match name.as_str() {
        "client_encoding" => {
            let encoding = value();
            if is_utf8(&encoding) { SqlKind::Other } else { SqlKind::Refused(not_utf8(&encoding)) }
        }
        "session_replication_role" => SqlKind::LeftOut(
            "triggers and the order of foreign keys are seen to, and keys are checked",
        ),
        // pg_dump 17 sets it, but older servers do not know it.
        "transaction_timeout" => SqlKind::LeftOut("there is no time limit"),
        "search_path" if at.eat(&["DEFAULT"]) => SqlKind::SearchPath(None),
        "search_path" => SqlKind::SearchPath(Some(list(at))),
        _ => SqlKind::Other,
    }
}

/// `pg_dump --disable-triggers` writes statements that only a superuser may execute.
fn alter_table(at: &mut Cursor<'_>) -> SqlKind {
    at.eat(&["IF", "EXISTS"]);
    at.eat(&["ONLY"]);
    let Some(table) = at.qualified_name() else { return SqlKind::Other };
    at.eat_symbol('*');
    for words in [
        ["DISABLE", "TRIGGER", "ALL"],
        ["DISABLE", "TRIGGER", "USER"],
        ["ENABLE", "TRIGGER", "ALL"],
        ["ENABLE", "TRIGGER", "USER"],
    ] {
        if at.eat(&words) && at.peek().is_none() {
            return SqlKind::LeftOut("triggers are seen to, and keep their state");
        }
    }
    SqlKind::Change(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> SqlKind {
        SqlKind::of(sql, Strings::Standard)
    }

    fn name(text: &str) -> Name {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn rows_for_a_table() {
        let columns = |list: &[&str]| Some(list.iter().map(|one| (*one).to_owned()).collect());
        for (sql, wanted) in [
            (
                "COPY public.\"Users\" (id, \"a b\") FROM stdin",
                SqlKind::Copy(Rows {
                    table: name("public.Users"),
                    columns: columns(&["id", "a b"]),
                }),
            ),
            (
                "copy t from STDIN with (format csv, encoding 'UTF8')",
                SqlKind::Copy(Rows { table: name("t"), columns: None }),
            ),
            (
                "INSERT INTO a.b VALUES (1, 'x')",
                SqlKind::Insert(Rows { table: name("a.b"), columns: None }),
            ),
            (
                "INSERT INTO T (X) SELECT 1",
                SqlKind::Insert(Rows { table: name("t"), columns: columns(&["x"]) }),
            ),
        ] {
            assert_eq!(of(sql), wanted);
        }
        for sql in [
            "COPY t TO stdout",
            "COPY (SELECT 1) TO stdout",
            "COPY t FROM '/etc/passwd'",
            "COPY t FROM PROGRAM 'x'",
            "COPY t FROM stdin WITH (FORMAT binary)",
            "COPY t FROM stdin (ENCODING 'LATIN1')",
        ] {
            assert!(matches!(of(sql), SqlKind::Refused(_)), "{sql}");
        }
    }

    #[test]
    fn tables_emptied() {
        let truncate = |tables: &[&str], options: &str, is_cascade| {
            SqlKind::Truncate(Truncate {
                tables: tables.iter().map(|one| name(one)).collect(),
                options: options.into(),
                is_cascade,
            })
        };
        assert_eq!(of("TRUNCATE TABLE a"), truncate(&["a"], "", false));
        assert_eq!(
            of("truncate only x.a *, \"b\" restart identity cascade"),
            truncate(&["x.a", "b"], " RESTART IDENTITY CASCADE", true)
        );
        assert_eq!(of("DELETE FROM ONLY a WHERE true"), SqlKind::Change(name("a")));
        assert_eq!(of("UPDATE x.a SET b = 1"), SqlKind::Change(name("x.a")));
    }

    #[test]
    fn settings() {
        assert_eq!(
            of("SELECT pg_catalog.set_config('search_path', '', false)"),
            SqlKind::SearchPath(Some(vec![]))
        );
        assert_eq!(
            of("SET search_path = \"A\", public, 'c'"),
            SqlKind::SearchPath(Some(vec!["A".into(), "public".into(), "c".into()]))
        );
        for sql in ["SET search_path TO DEFAULT", "RESET search_path", "reset all"] {
            assert_eq!(of(sql), SqlKind::SearchPath(None));
        }
        assert_eq!(
            of("SELECT pg_catalog.setval('public.a_id_seq', 7, true)"),
            SqlKind::Sequence(SequenceSet::Name("public.a_id_seq".into()))
        );
        assert_eq!(
            of("SELECT setval(pg_get_serial_sequence('\"A\"', 'id'), max(id)) FROM \"A\""),
            SqlKind::Sequence(SequenceSet::OfColumn("\"A\"".into(), "id".into()))
        );
        for sql in [
            "SET client_encoding = 'UTF8'",
            "SET NAMES 'utf8'",
            "SELECT 1",
            "SET row_security = off",
            "ROLLBACK TO SAVEPOINT x",
        ] {
            assert_eq!(of(sql), SqlKind::Other, "{sql}");
        }
        for sql in [
            "BEGIN",
            "START TRANSACTION",
            "COMMIT WORK",
            "END",
            "SET SESSION session_replication_role = replica",
            "ALTER TABLE ONLY public.t DISABLE TRIGGER ALL",
            "SET transaction_timeout = 0",
        ] {
            assert!(matches!(of(sql), SqlKind::LeftOut(_)), "{sql}");
        }
        for sql in [
            "ROLLBACK",
            "ABORT",
            "SET client_encoding TO latin1",
            "/* */ ; COMMIT",
            ":a",
            "PREPARE TRANSACTION 'x'",
        ] {
            assert!(matches!(of(sql), SqlKind::Refused(_)), "{sql}");
        }
    }
}
