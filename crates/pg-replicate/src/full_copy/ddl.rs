//! pg_dump's statements for indexes and constraints, split where that makes a copy faster.
//!
//! pg_dump writes them in one form per kind (src/bin/pg_dump/pg_dump.c: dumpIndex, dumpConstraint).
//! Statements in any other form are executed unchanged.

use crate::postgres::identifier::quote_identifier;
use crate::postgres::sql_text::{Cursor, split};

/// An index, or a constraint based on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexParts {
    /// Builds the index; several can be built in parallel on one table.
    pub(super) build: String,
    /// Changes the table afterwards: adds the constraint, or sets an attribute.
    pub(super) after: Vec<String>,
}

/// One foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ForeignKey {
    /// `ALTER TABLE ONLY s.t`
    pub(super) alter: String,
    /// `ADD CONSTRAINT … NOT VALID`
    pub(super) add: String,
    /// `VALIDATE CONSTRAINT …`; `None` if the source has not validated it.
    pub(super) validate: Option<String>,
}

/// `CREATE INDEX …` and its attributes.
pub(super) fn index(definition: &str) -> Option<IndexParts> {
    let mut statements = split(definition).ok()?.into_iter().map(|it| it.sql.to_owned());
    let build = statements.next()?;
    Some(IndexParts { build, after: statements.collect() })
}

/// Whether the statement builds a B-tree index, which sorts rows.
pub(super) fn is_b_tree(build: &str) -> bool {
    let Ok(mut cursor) = Cursor::new(build) else { return false };
    !cursor.skip_past("USING") || cursor.eat(&["BTREE"])
}

/// A primary key or unique constraint as an index, and the constraint that uses it.
pub(super) fn unique_constraint(definition: &str) -> Option<IndexParts> {
    let statements = split(definition).ok()?;
    let (first, rest) = statements.split_first()?;
    let sql = first.sql;
    let mut cursor = Cursor::new(sql).ok()?;
    cursor.eat(&["ALTER", "TABLE", "ONLY"]).then_some(())?;
    let table_start = cursor.position()?;
    cursor.qualified_name()?;
    let table = sql[table_start..cursor.position()?].trim_end();
    cursor.eat(&["ADD", "CONSTRAINT"]).then_some(())?;
    let name = quote_identifier(&cursor.name()?);
    let kind = if cursor.eat(&["PRIMARY", "KEY"]) {
        "PRIMARY KEY"
    } else if cursor.eat(&["UNIQUE"]) {
        "UNIQUE"
    } else {
        return None;
    };
    let nulls = if cursor.eat(&["NULLS", "NOT", "DISTINCT"]) { " NULLS NOT DISTINCT" } else { "" };
    let columns_start = cursor.position()?;
    cursor.skip_parentheses().then_some(())?;
    let mut end = cursor.position().unwrap_or(sql.len());
    let columns = sql[columns_start..end].trim_end();
    if has_word(columns, "WITHOUT") {
        return None;
    }
    let mut part = |word: &str| {
        let start = end;
        if !cursor.eat(&[word]) {
            return Some(String::new());
        }
        cursor.skip_parentheses().then_some(())?;
        end = cursor.position().unwrap_or(sql.len());
        Some(format!(" {}", sql[start..end].trim()))
    };
    let include = part("INCLUDE")?;
    let with = part("WITH")?;
    let tail = sql[end..].trim();
    let is_known = tail.is_empty() || tail.starts_with("DEFERRABLE") || tail.starts_with("NOT DEF");
    is_known.then_some(())?;
    let build = format!("CREATE UNIQUE INDEX {name} ON {table} {columns}{include}{nulls}{with}");
    let attach =
        format!("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {kind} USING INDEX {name} {tail}");
    let mut after = vec![attach.trim_end().to_owned()];
    after.extend(rest.iter().map(|statement| statement.sql.to_owned()));
    Some(IndexParts { build, after })
}

/// A foreign key that can be added first and validated later; not one of a partitioned table, which pg_dump
/// writes without `ONLY`.
pub(super) fn foreign_key(definition: &str) -> Option<ForeignKey> {
    let statements = split(definition).ok()?;
    let [statement] = statements.as_slice() else { return None };
    let sql = statement.sql;
    let mut cursor = Cursor::new(sql).ok()?;
    cursor.eat(&["ALTER", "TABLE", "ONLY"]).then_some(())?;
    cursor.qualified_name()?;
    let start = cursor.position()?;
    let alter = sql[..start].trim_end().to_owned();
    cursor.eat(&["ADD", "CONSTRAINT"]).then_some(())?;
    let name = quote_identifier(&cursor.name()?);
    let add = &sql[start..];
    if has_word(add, "ENFORCED") {
        return None;
    }
    // An option in the last position: a name can only end like this if it is quoted.
    Some(match add.strip_suffix(" NOT VALID") {
        Some(_) => ForeignKey { alter, add: add.to_owned(), validate: None },
        None => ForeignKey {
            alter,
            add: format!("{add} NOT VALID"),
            validate: Some(format!("VALIDATE CONSTRAINT {name}")),
        },
    })
}

/// Whether `sql` contains the unquoted `word`.
fn has_word(sql: &str, word: &str) -> bool {
    let Ok(mut cursor) = Cursor::new(sql) else { return false };
    while let Some(token) = cursor.peek() {
        if token.is_word(word) {
            return true;
        }
        cursor.step();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_and_its_marks() {
        let parts = index(
            "CREATE INDEX \"a;b\" ON public.t USING btree (lower(x));\n\nALTER TABLE public.t CLUSTER ON \"a;b\";\n",
        )
        .unwrap();
        assert_eq!(parts.build, "CREATE INDEX \"a;b\" ON public.t USING btree (lower(x))");
        assert_eq!(parts.after, ["ALTER TABLE public.t CLUSTER ON \"a;b\""]);
    }

    #[test]
    fn the_kind_of_an_index() {
        for (sql, expected) in [
            ("CREATE INDEX \"USING gin\" ON public.t USING btree (x)", true),
            ("CREATE UNIQUE INDEX i ON public.t (x)", true),
            ("CREATE INDEX btree ON public.btree USING gin (x)", false),
        ] {
            assert_eq!(is_b_tree(sql), expected, "{sql}");
        }
    }

    #[test]
    fn keys_become_indexes() {
        let parts =
            unique_constraint("ALTER TABLE ONLY public.\"t (x)\"\n    ADD CONSTRAINT \"t (x)_pkey\" PRIMARY KEY (id, \"b)\");\n")
                .unwrap();
        assert_eq!(
            parts.build,
            "CREATE UNIQUE INDEX \"t (x)_pkey\" ON public.\"t (x)\" (id, \"b)\")"
        );
        assert_eq!(
            parts.after,
            [
                "ALTER TABLE ONLY public.\"t (x)\" ADD CONSTRAINT \"t (x)_pkey\" PRIMARY KEY USING INDEX \"t (x)_pkey\""
            ]
        );
        let parts = unique_constraint(
            "ALTER TABLE ONLY public.t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b, c) WITH (fillfactor='70') DEFERRABLE INITIALLY DEFERRED;\nALTER TABLE public.t CLUSTER ON u;",
        )
        .unwrap();
        assert_eq!(
            parts.build,
            "CREATE UNIQUE INDEX \"u\" ON public.t (a) INCLUDE (b, c) NULLS NOT DISTINCT WITH (fillfactor='70')"
        );
        assert_eq!(
            parts.after,
            [
                "ALTER TABLE ONLY public.t ADD CONSTRAINT \"u\" UNIQUE USING INDEX \"u\" DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE public.t CLUSTER ON u"
            ]
        );
    }

    #[test]
    fn other_constraints_stay_whole() {
        for definition in [
            "ALTER TABLE ONLY public.t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&);",
            "ALTER TABLE ONLY public.t ADD CONSTRAINT x PRIMARY KEY (a, r WITHOUT OVERLAPS);",
            "ALTER TABLE public.t ADD CONSTRAINT x NOT NULL a NOT VALID;",
            "ALTER TABLE ONLY public.t ADD CONSTRAINT x PRIMARY KEY (a) SOMETHING NEW;",
        ] {
            assert_eq!(unique_constraint(definition), None, "{definition}");
        }
    }

    #[test]
    fn foreign_keys() {
        let key = foreign_key(
            "ALTER TABLE ONLY public.a\n    ADD CONSTRAINT \"odd fk\" FOREIGN KEY (b) REFERENCES public.b(id) ON DELETE CASCADE DEFERRABLE;\n",
        )
        .unwrap();
        assert_eq!(key.alter, "ALTER TABLE ONLY public.a");
        assert_eq!(
            key.add,
            "ADD CONSTRAINT \"odd fk\" FOREIGN KEY (b) REFERENCES public.b(id) ON DELETE CASCADE DEFERRABLE NOT VALID"
        );
        assert_eq!(key.validate.as_deref(), Some("VALIDATE CONSTRAINT \"odd fk\""));
        let key = foreign_key(
            "ALTER TABLE ONLY a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES b(id) NOT VALID;",
        )
        .unwrap();
        assert!(key.validate.is_none() && key.add.matches("NOT VALID").count() == 1);
        for definition in [
            "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES b(id);",
            "ALTER TABLE ONLY a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES b(id) NOT ENFORCED;",
        ] {
            assert_eq!(foreign_key(definition), None, "{definition}");
        }
    }
}
