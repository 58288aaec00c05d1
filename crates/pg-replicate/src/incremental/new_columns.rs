//! New columns: columns that only the source has, added to the target.

use crate::postgres::columns::Column;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;
use crate::{Error, TableName};

const DEFINITIONS: &str = include_str!("../../sql/column_definitions.sql");

/// A column to add to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewColumn {
    name: String,
    sql_type: String,
    collation: Option<String>,
    default: Option<String>,
    generated: Option<String>,
    is_not_null: bool,
}

/// How to create the columns that only the source has, or why the target cannot have one of them.
pub(super) async fn find(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    on_source: &[Column],
    on_target: &[Column],
) -> Result<Result<Vec<NewColumn>, String>, Error> {
    let is_new = |column: &&Column| on_target.iter().all(|other| other.name != column.name);
    let columns: Vec<&Column> = on_source.iter().filter(is_new).collect();
    if columns.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let definitions = source
        .query(DEFINITIONS, &[&table.schema, &table.name])
        .await
        .map_err(|error| source.error(format!("read the new columns of {table}"), &error))?;
    let mut new = Vec::new();
    for column in columns {
        let row = target
            .query_one("SELECT pg_catalog.to_regtype($1::text) IS NOT NULL", &[&column.sql_type])
            .await
            .map_err(|error| {
                target.error(format!("look for the type {} on the target", column.sql_type), &error)
            })?;
        if !row.get::<_, bool>(0) {
            return Ok(Err(format!(
                "{table}: column \"{}\" is only on the source, and of type {}, which the target does not have; \
                 create the type there",
                column.name, column.sql_type
            )));
        }
        let definition = definitions.iter().find(|row| row.get::<_, &str>("name") == column.name);
        let part = |part: &str| definition.and_then(|row| row.get::<_, Option<String>>(part));
        new.push(NewColumn {
            name: column.name.clone(),
            sql_type: column.sql_type.clone(),
            collation: part("collation"),
            default: part("default_expression"),
            generated: part("generated_expression"),
            is_not_null: column.is_not_null,
        });
    }
    Ok(Ok(new))
}

/// Adds the columns, in the transaction that copies the table's rows. Existing rows get the default if it
/// is a constant, as they did on the source.
pub(super) async fn add(
    target: &Connection,
    table: &TableName,
    columns: &[NewColumn],
) -> Result<(), Error> {
    for column in columns {
        let action = format!("add column \"{}\" to {table} on the target", column.name);
        target
            .batch_execute(&column.add_to(table))
            .await
            .map_err(|error| target.error(action, &error))?;
        tracing::info!(table_name = %table, column = column.name, "Column {} added to {table}", column.name);
    }
    Ok(())
}

/// After the rows have been copied: changes that may fail.
pub(super) async fn complete(
    target: &Connection,
    table: &TableName,
    columns: &[NewColumn],
) -> Result<(), Error> {
    for column in columns {
        for (sql, meaning) in column.attempts(table) {
            let failed = |error| target.error(format!("complete the columns of {table}"), &error);
            target.batch_execute("SAVEPOINT pg_replicate").await.map_err(failed)?;
            if let Err(error) = target.batch_execute(&sql).await {
                // On a broken connection, this fails too.
                let back = "ROLLBACK TO SAVEPOINT pg_replicate";
                target.batch_execute(back).await.map_err(failed)?;
                let reason = crate::error::reason(&error);
                tracing::warn!(
                    table_name = %table,
                    column = column.name,
                    "column \"{}\" of {table} has no {meaning} on the target: {reason}",
                    column.name
                );
            }
        }
    }
    Ok(())
}

impl NewColumn {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn add_to(&self, table: &TableName) -> String {
        let (table, name) = (table.quoted(), quote_identifier(&self.name));
        let mut sql = format!("ALTER TABLE {table} ADD COLUMN {name} {}", self.sql_type);
        if let Some(collation) = &self.collation {
            sql.push_str(&format!(" COLLATE {collation}"));
        }
        match (&self.generated, &self.default) {
            (Some(generated), _) => sql.push_str(&format!(" GENERATED ALWAYS AS {generated}")),
            (None, Some(default)) if is_constant(default) => {
                sql.push_str(&format!(" DEFAULT {default}"));
            }
            _ => {}
        }
        sql
    }

    /// Statements that may fail, and what is missing in that case.
    fn attempts(&self, table: &TableName) -> Vec<(String, &'static str)> {
        let column =
            format!("ALTER TABLE {} ALTER COLUMN {}", table.quoted(), quote_identifier(&self.name));
        let mut attempts = Vec::new();
        if let Some(default) = self.default.as_ref().filter(|default| !is_constant(default)) {
            attempts.push((format!("{column} SET DEFAULT {default}"), "default"));
        }
        if self.is_not_null {
            attempts.push((format!("{column} SET NOT NULL"), "NOT NULL"));
        }
        attempts
    }
}

/// Whether a default is a literal, optionally with a type: any other may produce a different value for each
/// row of the source.
fn is_constant(expression: &str) -> bool {
    let (literal, casts) = if let Some(text) = expression.strip_prefix('\'') {
        let Some(end) = end_of_literal(text) else { return false };
        (true, &text[end..])
    } else {
        let end = expression.find("::").unwrap_or(expression.len());
        let (word, casts) = expression.split_at(end);
        let word = word.trim_start_matches('(').trim_end_matches(')');
        let is_number = word.parse::<f64>().is_ok();
        (is_number || matches!(word, "true" | "false" | "NULL"), casts)
    };
    // A type contains no quotation marks, and brackets only around numbers.
    let is_type = |one: char| one.is_alphanumeric() || " :._\"[](),".contains(one);
    let has_call =
        casts.split('(').skip(1).any(|rest| !rest.starts_with(|one: char| one.is_ascii_digit()));
    literal
        && (casts.is_empty() || casts.starts_with("::"))
        && casts.chars().all(is_type)
        && !has_call
}

/// After the closing quotation mark; doubled ones belong to the text.
fn end_of_literal(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants() {
        for text in [
            "0",
            "(-1)",
            "'-1'::integer",
            "1.5",
            "true",
            "NULL::character varying",
            "'it''s'::text",
            "'{}'::jsonb",
            "'a'::character varying(10)",
            "'{}'::text[]",
            "'sad'::public.\"Mood\"",
            "'1'::numeric(12,3)",
        ] {
            assert!(is_constant(text), "{text}");
        }
        for text in [
            "now()",
            "CURRENT_TIMESTAMP",
            "nextval('public.s'::regclass)",
            "'a'::text || b()",
            "(1 + f())",
            "'a'::text::public.f(g())",
            "'unfinished",
            "('now'::text)::date + f(1)",
        ] {
            assert!(!is_constant(text), "{text}");
        }
    }

    #[test]
    fn statements() {
        let mut column = NewColumn {
            name: "a\"b".into(),
            sql_type: "text".into(),
            collation: Some("pg_catalog.\"C\"".into()),
            default: Some("'x'::text".into()),
            generated: None,
            is_not_null: true,
        };
        let table = TableName::new("public", "t");
        assert_eq!(
            column.add_to(&table),
            r#"ALTER TABLE "public"."t" ADD COLUMN "a""b" text COLLATE pg_catalog."C" DEFAULT 'x'::text"#
        );
        assert_eq!(column.attempts(&table).len(), 1);
        column.default = Some("now()".into());
        assert!(column.add_to(&table).ends_with("COLLATE pg_catalog.\"C\""));
        assert_eq!(
            column.attempts(&table)[0].0,
            r#"ALTER TABLE "public"."t" ALTER COLUMN "a""b" SET DEFAULT now()"#
        );
    }
}
