//! Key of a table, as SQL.

use crate::postgres::identifier::{quote_identifier, quote_literal};

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyColumn {
    pub(super) name: String,
    /// Its type on the source.
    pub(super) sql_type: String,
    /// Whether it is ordered by its bytes, independently of the collations of both sides.
    pub(super) by_bytes: bool,
    /// Whether its values may not be UTF-8: they are transferred with every non-ASCII byte escaped.
    pub(super) is_escaped: bool,
}

/// The columns that identify and order rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Key(pub(super) Vec<KeyColumn>);

/// A key's value: each column as text, or as the escaped text of `bytea` ([`KeyColumn::is_escaped`]).
pub(super) type KeyValue = Vec<String>;

impl Key {
    /// `"a", "b"`
    pub(super) fn names(&self) -> String {
        self.join(", ", |column| quote_identifier(&column.name))
    }

    /// `t."a", t."b"`
    pub(super) fn names_of(&self, table: &str) -> String {
        self.join(", ", |column| format!("{table}.{}", quote_identifier(&column.name)))
    }

    /// `"a"::text, "b"::text`, with aliases so that ORDER BY refers to the columns.
    pub(super) fn texts(&self) -> String {
        let texts = self
            .0
            .iter()
            .enumerate()
            .map(|(number, column)| format!("{} AS key_{number}", column.text()));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// What is compared: `("a", "b" COLLATE "C")`.
    fn compared(&self) -> String {
        format!("({})", self.join(", ", KeyColumn::ordered))
    }

    /// For ORDER BY.
    pub(super) fn order(&self, direction: &str) -> String {
        self.join(", ", |column| format!("{} {direction}", column.ordered()))
    }

    /// `("a", "b") > ('1'::integer, 'x'::text)`
    pub(super) fn compare(&self, operator: &str, value: &KeyValue) -> String {
        let values = self.0.iter().zip(value).map(|(column, text)| column.value(text));
        let values = values.collect::<Vec<_>>().join(", ");
        format!("{} {operator} ({values})", self.compared())
    }

    /// `"a" IS NOT NULL AND "b" IS NOT NULL`
    pub(super) fn is_there(&self) -> String {
        self.join(" AND ", |column| format!("{} IS NOT NULL", quote_identifier(&column.name)))
    }

    /// `left."a" = right."a" AND …`
    pub(super) fn equal(&self, left: &str, right: &str) -> String {
        self.join(" AND ", |column| {
            let name = quote_identifier(&column.name);
            format!("{left}.{name} = {right}.{name}")
        })
    }

    /// A number derived from the key; equal keys have equal numbers.
    pub(super) fn hash(&self) -> String {
        let text = self
            .join(" || E'\\x1f' || ", |column| format!("{}::text", quote_identifier(&column.name)));
        format!("pg_catalog.hashtextextended(({text}) COLLATE \"C\", 0)")
    }

    fn join(&self, separator: &str, part: impl Fn(&KeyColumn) -> String) -> String {
        self.0.iter().map(part).collect::<Vec<_>>().join(separator)
    }
}

impl KeyColumn {
    fn ordered(&self) -> String {
        let name = quote_identifier(&self.name);
        if self.by_bytes { format!("{name} COLLATE \"C\"") } else { name }
    }

    fn text(&self) -> String {
        let text = format!("{}::text", quote_identifier(&self.name));
        if self.is_escaped {
            format!("pg_catalog.encode(pg_catalog.convert_to({text}, 'SQL_ASCII'), 'escape')")
        } else {
            text
        }
    }

    fn value(&self, text: &str) -> String {
        if self.is_escaped {
            // `E'…'` strings understand what `bytea` escapes.
            return format!(" E'{}'::{}", text.replace('\'', "''"), self.sql_type);
        }
        format!("{}::{}", quote_literal(text), self.sql_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_sql() {
        let column = |name: &str, sql_type: &str, by_bytes| KeyColumn {
            name: name.into(),
            sql_type: sql_type.into(),
            by_bytes,
            is_escaped: false,
        };
        let key = Key(vec![column("n", "integer", false), column("a\"b", "text", true)]);
        assert_eq!(
            key.compare(">", &vec!["1".into(), "x'".into()]),
            r#"("n", "a""b" COLLATE "C") > ('1'::integer, 'x'''::text)"#
        );
        assert_eq!(key.equal("a", "b"), r#"a."n" = b."n" AND a."a""b" = b."a""b""#);
        assert_eq!(key.order("DESC"), r#""n" DESC, "a""b" COLLATE "C" DESC"#);
        let key = Key(vec![KeyColumn { is_escaped: true, ..column("a", "text", true) }]);
        assert_eq!(
            key.compare(">", &vec![r"it's \\ caf\351".into()]),
            r#"("a" COLLATE "C") > ( E'it''s \\ caf\351'::text)"#
        );
    }
}
