//! Statements of a plain dump as archive entries, so that the same rules apply to both.

use std::collections::HashMap;

use crate::archive::Entry;
use crate::postgres::sql_text::{Cursor, Strings};
use crate::psql_script::first_line;

/// No later statement refers to their objects by name.
const HEAD: usize = 40;

/// Kinds of objects that consist of several words.
const KINDS: [&[&str]; 13] = [
    &["EVENT", "TRIGGER"],
    &["USER", "MAPPING"],
    &["MATERIALIZED", "VIEW"],
    &["FOREIGN", "TABLE"],
    &["FOREIGN", "DATA", "WRAPPER"],
    &["TEXT", "SEARCH", "CONFIGURATION"],
    &["TEXT", "SEARCH", "DICTIONARY"],
    &["TEXT", "SEARCH", "PARSER"],
    &["TEXT", "SEARCH", "TEMPLATE"],
    &["ACCESS", "METHOD"],
    &["PROCEDURAL", "LANGUAGE"],
    &["OPERATOR", "CLASS"],
    &["OPERATOR", "FAMILY"],
];

/// Words that may be between CREATE and the kind.
const QUALIFIERS: [&[&str]; 6] =
    [&["OR", "REPLACE"], &["UNIQUE"], &["UNLOGGED"], &["CONSTRAINT"], &["RECURSIVE"], &["TRUSTED"]];

/// The entries so far that could not be created, by their objects.
#[derive(Default)]
pub(crate) struct Entries {
    last: i32,
    refused: HashMap<String, i32>,
}

impl Entries {
    /// The next statement's entry; it depends on the refused entries whose objects it refers to.
    pub(crate) fn next(&mut self, sql: &str) -> Entry {
        self.last += 1;
        let mut at = Cursor::of_head(sql, HEAD, Strings::Standard);
        let (kind, object, schema) =
            parts(&mut at).unwrap_or_else(|| ("STATEMENT".to_owned(), first_line(sql), None));
        let dependencies = self.refused.get(&object).copied().into_iter().collect();
        let name = object.strip_prefix(&kind).unwrap_or(&object).trim_start();
        let start = schema.as_ref().map_or(0, |schema| schema.len() + 1);
        let tag = name[start..].to_owned();
        let definition = sql.to_owned();
        Entry { id: self.last, kind, tag, schema, definition, dependencies, ..Entry::default() }
    }

    /// Records that the object of `entry` could not be created.
    pub(crate) fn refused(&mut self, entry: &Entry) {
        let mut at = Cursor::of_head(&entry.definition, HEAD, Strings::Standard);
        if let Some((kind, object, _)) = parts(&mut at)
            && object.starts_with(&kind)
        {
            self.refused.insert(object, entry.id);
        }
    }
}

/// The kind that an archive would give the statement, the object that it makes or speaks of, and the schema of what
/// it makes.
fn parts(at: &mut Cursor<'_>) -> Option<(String, String, Option<String>)> {
    if at.eat(&["COMMENT", "ON"]) {
        return Some(("COMMENT".into(), object(at)?.1, None));
    }
    if at.eat(&["SECURITY", "LABEL"]) {
        at.skip_past("ON").then_some(())?;
        return Some(("SECURITY LABEL".into(), object(at)?.1, None));
    }
    let is_change = at.eat(&["ALTER"]);
    if !is_change && !at.eat(&["CREATE"]) {
        return None;
    }
    while QUALIFIERS.iter().any(|words| at.eat(words)) {}
    let (kind, object, schema) = object(at)?;
    if is_change && kind == "PUBLICATION" {
        let is_schema = at.eat(&["ADD", "TABLES"]);
        let of = if is_schema { " TABLES IN SCHEMA" } else { " TABLE" };
        return Some((format!("{kind}{of}"), object, None));
    }
    Some((kind, object, schema))
}

/// A kind, a kind with a name, and the schema in it.
fn object(at: &mut Cursor<'_>) -> Option<(String, String, Option<String>)> {
    let known = KINDS.iter().find(|words| at.eat(words));
    let kind = match known {
        Some(words) => words.join(" "),
        None => at.name()?.to_ascii_uppercase(),
    };
    let _ = at.eat(&["IF", "NOT", "EXISTS"])
        || at.eat(&["ONLY"])
        || kind == "USER MAPPING" && at.eat(&["FOR"]);
    // An operator is not an identifier.
    let names = at.qualified_name().unwrap_or_default();
    let object = format!("{kind} {}", names.join("."));
    let schema = if names.len() == 2 { names.into_iter().next() } else { None };
    Some((kind, object, schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_as_entries() {
        for (sql, kind, object) in [
            ("CREATE EVENT TRIGGER t ON ddl_command_end", "EVENT TRIGGER", "EVENT TRIGGER t"),
            ("ALTER EVENT TRIGGER t DISABLE", "EVENT TRIGGER", "EVENT TRIGGER t"),
            ("COMMENT ON EVENT TRIGGER t IS 'x'", "COMMENT", "EVENT TRIGGER t"),
            ("CREATE PUBLICATION p FOR ALL TABLES", "PUBLICATION", "PUBLICATION p"),
            ("ALTER PUBLICATION p ADD TABLE ONLY a", "PUBLICATION TABLE", "PUBLICATION p"),
            (
                "ALTER PUBLICATION p ADD TABLES IN SCHEMA s",
                "PUBLICATION TABLES IN SCHEMA",
                "PUBLICATION p",
            ),
            ("CREATE SUBSCRIPTION s CONNECTION ''", "SUBSCRIPTION", "SUBSCRIPTION s"),
            ("CREATE POLICY \"a b\" ON public.a TO c", "POLICY", "POLICY a b"),
            ("CREATE USER MAPPING FOR a SERVER s", "USER MAPPING", "USER MAPPING a"),
            (
                "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA s",
                "EXTENSION",
                "EXTENSION hstore",
            ),
            ("CREATE UNIQUE INDEX i ON a", "INDEX", "INDEX i"),
            ("CREATE FUNCTION public.f(a int)", "FUNCTION", "FUNCTION public.f"),
        ] {
            let mut at = Cursor::of_head(sql, HEAD, Strings::Standard);
            let found = parts(&mut at).unwrap();
            assert_eq!((found.0.as_str(), found.1.as_str()), (kind, object), "{sql}");
        }
        let mut at = Cursor::of_head("SELECT pg_catalog.setval('a', 1)", HEAD, Strings::Standard);
        assert_eq!(parts(&mut at), None);
    }

    #[test]
    fn an_entry_is_named_as_in_an_archive() {
        let mut entries = Entries::default();
        let entry = entries.next("CREATE UNLOGGED TABLE tools.\"a.b\" (id integer)");
        assert_eq!((entry.schema.as_deref(), entry.tag.as_str()), (Some("tools"), "a.b"));
        let entry = entries.next("COMMENT ON TABLE tools.a IS 'x'");
        assert_eq!((entry.schema.as_deref(), entry.tag.as_str()), (None, "TABLE tools.a"));
    }

    #[test]
    fn a_comment_depends_on_what_was_refused() {
        let mut entries = Entries::default();
        let made = entries.next("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()");
        assert_eq!(made.dependencies, Vec::<i32>::new());
        entries.refused(&made);
        assert_eq!(entries.next("COMMENT ON EVENT TRIGGER t IS 'x'").dependencies, [made.id]);
        assert_eq!(entries.next("COMMENT ON TABLE t IS 'x'").dependencies, Vec::<i32>::new());
    }
}
