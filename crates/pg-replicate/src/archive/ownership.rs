//! Ownership of entries: which table an entry belongs to.
//!
//! The tag is ambiguous: `answers a b` may be the constraint `a b` of `answers`. Dependencies do not help
//! either: a rule of one table depends on every table it writes to. The statement is reliable, because
//! pg_dump writes it in one form per kind, with every name qualified.

use super::entry::Entry;
use crate::TableName;
use crate::postgres::identifier::DEFAULT_SCHEMA;
use crate::postgres::sql_text::Cursor;

/// The tables that an entry is part of: one, or two for a foreign key and for a partition.
pub(crate) fn tables_of(entry: &Entry) -> Vec<TableName> {
    match entry.kind.as_str() {
        "TABLE" | "FOREIGN TABLE" | "TABLE DATA" | "ROW SECURITY" | "STATISTICS DATA" => {
            vec![named_by_tag(entry)]
        }
        "FK CONSTRAINT" => altered(entry).into_iter().chain(referenced(entry)).collect(),
        "TABLE ATTACH" => altered(entry).into_iter().chain([named_by_tag(entry)]).collect(),
        "CONSTRAINT" | "CHECK CONSTRAINT" | "DEFAULT" => altered(entry).into_iter().collect(),
        "INDEX" | "TRIGGER" | "POLICY" => after(entry, &["ON"]).into_iter().collect(),
        "RULE" => after(entry, &["ON", "TO"]).into_iter().collect(),
        "STATISTICS" => after(entry, &["FROM"]).into_iter().collect(),
        "PUBLICATION TABLE" => after(entry, &["TABLE"]).into_iter().collect(),
        "SEQUENCE" => altered(entry).into_iter().collect(),
        "SEQUENCE OWNED BY" => owner_of_sequence(entry).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn named_by_tag(entry: &Entry) -> TableName {
    TableName::new(schema_of(entry), &entry.tag)
}

fn schema_of(entry: &Entry) -> &str {
    entry.staged_in.as_deref().or(entry.schema.as_deref()).unwrap_or(DEFAULT_SCHEMA)
}

/// `ALTER [FOREIGN] TABLE [IF EXISTS] [ONLY] <table> …`, also for the sequence of an identity column.
fn altered(entry: &Entry) -> Option<TableName> {
    let mut cursor = Cursor::new(&entry.definition).ok()?;
    if !(cursor.eat(&["ALTER", "TABLE"]) || cursor.eat(&["ALTER", "FOREIGN", "TABLE"])) {
        return None;
    }
    table(&mut cursor, entry)
}

/// `… REFERENCES <table>(…)`.
fn referenced(entry: &Entry) -> Option<TableName> {
    after(entry, &["REFERENCES"])
}

/// The table after `words`, outside parentheses.
fn after(entry: &Entry, words: &[&str]) -> Option<TableName> {
    let mut cursor = Cursor::new(&entry.definition).ok()?;
    words.iter().all(|word| cursor.skip_past(word)).then_some(())?;
    table(&mut cursor, entry)
}

/// `ALTER SEQUENCE <sequence> OWNED BY <schema>.<table>.<column>`.
fn owner_of_sequence(entry: &Entry) -> Option<TableName> {
    let mut cursor = Cursor::new(&entry.definition).ok()?;
    (cursor.skip_past("OWNED") && cursor.eat(&["BY"])).then_some(())?;
    let mut parts = cursor.qualified_name()?;
    let _column = parts.pop()?;
    name_of(parts, entry)
}

fn table(cursor: &mut Cursor<'_>, entry: &Entry) -> Option<TableName> {
    cursor.eat(&["IF", "EXISTS"]);
    cursor.eat(&["ONLY"]);
    name_of(cursor.qualified_name()?, entry)
}

/// In archives of old pg_dumps, a name without a schema is in the entry's schema.
fn name_of(mut parts: Vec<String>, entry: &Entry) -> Option<TableName> {
    let name = parts.pop()?;
    let schema = parts.pop().unwrap_or_else(|| schema_of(entry).to_owned());
    Some(TableName::new(schema, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, tag: &str, definition: &str) -> Vec<String> {
        let entry = Entry {
            kind: kind.into(),
            tag: tag.into(),
            schema: Some("public".into()),
            definition: definition.into(),
            ..Entry::default()
        };
        tables_of(&entry).iter().map(TableName::quoted).collect()
    }

    #[test]
    fn every_kind() {
        let answers = [r#""public"."answers""#];
        for (kind, tag, definition) in [
            ("TABLE", "answers", "CREATE TABLE public.answers (\n);"),
            ("TABLE DATA", "answers", ""),
            ("ROW SECURITY", "answers", "ALTER TABLE public.answers ENABLE ROW LEVEL SECURITY;"),
            (
                "CONSTRAINT",
                "answers a b",
                "ALTER TABLE ONLY public.answers\n    ADD CONSTRAINT \"a b\" PRIMARY KEY (id);",
            ),
            (
                "CHECK CONSTRAINT",
                "answers c",
                "ALTER TABLE public.answers\n    ADD CONSTRAINT c CHECK ((id > 0)) NOT VALID;",
            ),
            (
                "DEFAULT",
                "answers id",
                "ALTER TABLE ONLY public.answers ALTER COLUMN id SET DEFAULT nextval('public.s');",
            ),
            ("INDEX", "ON", "CREATE UNIQUE INDEX \"ON\" ON ONLY public.answers USING btree (id);"),
            (
                "TRIGGER",
                "answers t",
                "CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE OF \"on\" ON public.answers \
                 NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION public.f();",
            ),
            (
                "RULE",
                "answers r",
                "CREATE RULE r AS\n    ON INSERT TO public.answers DO ALSO  INSERT INTO public.other \
                 DEFAULT VALUES;",
            ),
            ("POLICY", "answers p", "CREATE POLICY p ON public.answers USING (true);"),
            (
                "STATISTICS",
                "s",
                "CREATE STATISTICS public.s ON id, (EXTRACT(year FROM at)) FROM public.answers;",
            ),
            (
                "SEQUENCE",
                "answers_id_seq",
                "ALTER TABLE public.answers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n);",
            ),
            (
                "SEQUENCE OWNED BY",
                "answers_id_seq",
                "ALTER SEQUENCE public.answers_id_seq OWNED BY public.answers.id;",
            ),
            (
                "PUBLICATION TABLE",
                "p answers",
                "ALTER PUBLICATION p ADD TABLE ONLY public.answers;",
            ),
        ] {
            assert_eq!(of(kind, tag, definition), answers, "{kind}");
        }
    }

    #[test]
    fn a_foreign_key_belongs_to_both_its_tables() {
        let definition = "ALTER TABLE ONLY public.\"knowledge-elements\"\n    ADD CONSTRAINT \
                          references_x FOREIGN KEY (\"references\") REFERENCES stats.\"a.b\"(id);";
        assert_eq!(
            of("FK CONSTRAINT", "knowledge-elements references_x", definition),
            [r#""public"."knowledge-elements""#, r#""stats"."a.b""#]
        );
    }

    #[test]
    fn a_partition_belongs_to_its_parent_too() {
        let definition =
            "ALTER TABLE ONLY public.answers ATTACH PARTITION stats.answers_1 FOR VALUES IN (1);";
        assert_eq!(
            of("TABLE ATTACH", "answers_1", definition),
            [r#""public"."answers""#, r#""public"."answers_1""#]
        );
    }

    #[test]
    fn what_belongs_to_no_table() {
        assert!(of("SEQUENCE", "s", "CREATE SEQUENCE public.s\n    START WITH 1;").is_empty());
        assert!(
            of("VIEW", "v", "CREATE VIEW public.v AS SELECT 1 FROM public.answers;").is_empty()
        );
        assert!(of("FUNCTION", "f()", "CREATE FUNCTION public.f() RETURNS int").is_empty());
    }
}
