//! Names of tables, and their quoting for PostgreSQL and its tools.

use std::fmt;

/// The default schema.
pub(crate) const DEFAULT_SCHEMA: &str = "public";

/// A table by schema and name, as in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl TableName {
    /// The table `name` of `schema`.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// `"schema"."name"`, safe in SQL.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }

    /// The FROM item for the table's own rows: rows of inheriting tables belong to these; rows of
    /// partitions belong to the partitioned table, which has no others.
    pub(crate) fn own_rows(&self, is_partitioned: bool) -> String {
        let only = if is_partitioned { "" } else { "ONLY " };
        format!("{only}{}", self.quoted())
    }

    /// Advice on how to name a table, for a name that does not exist.
    pub(crate) fn naming(&self) -> String {
        let mut text = "case counts, and a table outside public is named schema.table".to_owned();
        let whole = format!("{}.{}", self.schema, self.name);
        if let Some((schema, name)) = whole.rsplit_once('.')
            && schema.contains('.')
        {
            let quoted = format!("\"{schema}\".{name}");
            let json = quoted.replace('"', r#"\""#);
            text.push_str(&format!(
                "; a schema name that contains a dot must be in double quotes: {quoted}, in JSON \"{json}\""
            ));
        }
        text
    }

    /// A pattern that matches only this table, for pg_dump's `--exclude-table`.
    ///
    /// Within double quotes, psql's patterns take `*`, `?` and dots literally and escape the special
    /// characters of regular expressions, except `$`, which is literal everywhere.
    pub(crate) fn pattern(&self) -> String {
        self.quoted()
    }
}

/// A short form for people, without the default schema.
impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema == DEFAULT_SCHEMA {
            formatter.write_str(&self.name)
        } else {
            write!(formatter, "{}.{}", self.schema, self.name)
        }
    }
}

/// `"name"`, with double quotes doubled.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'`, independent of standard_conforming_strings.
pub(crate) fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_dot_is_said_how_to_write() {
        let table = |text: &str| crate::backup_mode::parse_table(text).unwrap();
        let naming = table("my.schema.answers").naming();
        let quoted = r#"in double quotes: "my.schema".answers, in JSON "\"my.schema\".answers""#;
        assert!(naming.ends_with(quoted), "{naming}");
        assert_eq!(table(r#""my.schema".answers"#), TableName::new("my.schema", "answers"));
        assert!(!table("stats.answers").naming().contains("JSON"));
    }

    #[test]
    fn literals() {
        assert_eq!(quote_literal("12"), "'12'");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(TableName::new("public", "a\"b").quoted(), r#""public"."a""b""#);
        assert_eq!(TableName::new("public", "answers").to_string(), "answers");
        assert_eq!(TableName::new("stats", "answers").to_string(), "stats.answers");
    }
}
