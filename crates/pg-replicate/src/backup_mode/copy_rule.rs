//! Rule for a table's rows and columns.

use std::collections::{BTreeMap, BTreeSet};

use crate::postgres::identifier::quote_identifier;

/// How a table's rows are changed during the copy. Expressions are SQL evaluated on the source; they can
/// use the table's columns and everything in pg_catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyRule {
    pub(super) filter: Option<String>,
    pub(super) columns: BTreeMap<String, String>,
    pub(super) keep: BTreeSet<String>,
}

impl CopyRule {
    /// Whether all rows are copied unchanged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The condition for a row to be copied; it is put in parentheses.
    #[must_use]
    pub fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    /// The columns whose values are replaced, with the expressions.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(column, expression)| (column.as_str(), expression.as_str()))
    }

    /// The columns that are explicitly copied unchanged.
    pub fn keep(&self) -> impl Iterator<Item = &str> {
        self.keep.iter().map(String::as_str)
    }

    /// Whether this column's values are replaced.
    #[must_use]
    pub fn masks(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The SQL for a column of type `sql_type` (as written by `format_type`): its quoted name, or its
    /// expression cast to the column's type, so that COPY's binary format fits the column.
    #[must_use]
    pub fn select_item(&self, column: &str, sql_type: &str) -> String {
        let name = quote_identifier(column);
        match self.columns.get(column) {
            Some(expression) => format!("({expression})::{sql_type} AS {name}"),
            None => name,
        }
    }

    /// The SQL for `columns` (name and type), separated by commas, in order. The table must be read under
    /// its own name, without an alias, because an expression may use it.
    #[must_use]
    pub fn select_list(&self, columns: &[(String, String)]) -> String {
        let items = columns.iter().map(|(name, sql_type)| self.select_item(name, sql_type));
        items.collect::<Vec<_>>().join(", ")
    }

    /// Those of `columns` with neither an expression nor `keep`.
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
