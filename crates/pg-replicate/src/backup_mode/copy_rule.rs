//! Which rows of a table are copied, and with which values.

use std::collections::{BTreeMap, BTreeSet};

use crate::postgres::identifier::quote_identifier;

/// What is changed while a table's rows are copied. Expressions are SQL on the source; their names
/// are those of the table's columns, and of what pg_catalog holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyRule {
    pub(super) filter: Option<String>,
    pub(super) columns: BTreeMap<String, String>,
    pub(super) keep: BTreeSet<String>,
}

impl CopyRule {
    /// Whether rows are copied as they are, all of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The condition that a row must meet to be copied; it stands between parentheses.
    #[must_use]
    pub fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    /// The columns that get another value, and the expressions that give it.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(column, expression)| (column.as_str(), expression.as_str()))
    }

    /// The columns that are said to stay as they are.
    pub fn keep(&self) -> impl Iterator<Item = &str> {
        self.keep.iter().map(String::as_str)
    }

    /// Whether this column gets another value.
    #[must_use]
    pub fn masks(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// What is read for a column of type `sql_type` (`format_type`'s text): its name, quoted, or its
    /// expression. That is cast to the column's type, so that COPY's binary format is the column's.
    #[must_use]
    pub fn select_item(&self, column: &str, sql_type: &str) -> String {
        let name = quote_identifier(column);
        match self.columns.get(column) {
            Some(expression) => format!("({expression})::{sql_type} AS {name}"),
            None => name,
        }
    }

    /// What is read for `columns` (name and type), with commas, in their order. The table must be read
    /// under its own name, without an alias: an expression may use it.
    #[must_use]
    pub fn select_list(&self, columns: &[(String, String)]) -> String {
        let items = columns.iter().map(|(name, sql_type)| self.select_item(name, sql_type));
        items.collect::<Vec<_>>().join(", ")
    }

    /// Those of `columns` about which nothing is said, neither an expression nor `keep`.
    pub fn unruled<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let is_ruled = |column: &str| self.masks(column) || self.keep.contains(column);
        columns.into_iter().filter(|column| !is_ruled(column)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let rule = CopyRule {
            columns: BTreeMap::from([("e\"mail".into(), "'x' || id".into())]),
            keep: BTreeSet::from(["id".into()]),
            ..CopyRule::default()
        };
        let column = |name: &str, sql_type: &str| (name.to_owned(), sql_type.to_owned());
        let columns = [
            column("id", "bigint"),
            column("e\"mail", "character varying(20)"),
            column("A", "text"),
        ];
        assert_eq!(
            rule.select_list(&columns),
            r#""id", ('x' || id)::character varying(20) AS "e""mail", "A""#
        );
        assert_eq!(rule.unruled(columns.iter().map(|(name, _)| name.as_str())), ["A"]);
        assert!(!rule.is_empty() && rule.masks("e\"mail") && !rule.masks("id"));
    }
}
