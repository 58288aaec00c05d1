//! Columns of a table on both sides.

use std::fmt::Write;

use crate::postgres::connection::Connection;
use crate::{Error, TableName};

const COLUMNS: &str = include_str!("../../sql/columns.sql");

/// A column on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) sql_type: String,
    /// The base type of its domains.
    pub(crate) base_type: String,
    pub(crate) is_not_null: bool,
    pub(crate) is_collatable: bool,
    pub(crate) is_generated: bool,
    /// Whether it is GENERATED ALWAYS AS IDENTITY, so that a row's value never changes.
    pub(crate) is_fixed: bool,
    pub(crate) is_binary: bool,
}

impl Column {
    /// Whether it may contain a value larger than all others.
    pub(crate) fn may_be_infinite(&self) -> bool {
        self.is_time() || matches!(self.base_type.as_str(), "float4" | "float8" | "numeric")
    }

    /// Whether an interval can be subtracted from it.
    pub(crate) fn is_time(&self) -> bool {
        matches!(self.base_type.as_str(), "date" | "timestamp" | "timestamptz")
    }
}

pub(crate) async fn columns(
    connection: &Connection,
    table: &TableName,
) -> Result<Vec<Column>, Error> {
    let rows = connection
        .query(COLUMNS, &[&table.schema, &table.name])
        .await
        .map_err(|error| connection.error(format!("read the columns of {table}"), &error))?;
    Ok(rows
        .iter()
        .map(|row| Column {
            name: row.get("name"),
            sql_type: row.get("type"),
            base_type: row.get("base_type"),
            is_not_null: row.get("is_not_null"),
            is_collatable: row.get("is_collatable"),
            is_generated: row.get("is_generated"),
            is_fixed: row.get("is_fixed"),
            is_binary: row.get("is_binary"),
        })
        .collect())
}

/// The differences by name, independent of the order.
pub(crate) fn differences(source: &[Column], target: &[Column]) -> Option<String> {
    let find =
        |columns: &[Column], name: &str| columns.iter().find(|column| column.name == name).cloned();
    let mut text = String::new();
    let mut add = |part: String| {
        let _ = write!(text, "{}{part}", if text.is_empty() { "" } else { ", " });
    };
    for column in source {
        match find(target, &column.name) {
            None => add(format!("\"{}\" is only on the source", column.name)),
            Some(other) if other.sql_type != column.sql_type => add(format!(
                "\"{}\" is {} on the source and {} on the target",
                column.name, column.sql_type, other.sql_type
            )),
            Some(_) => {}
        }
    }
    for column in target.iter().filter(|column| find(source, &column.name).is_none()) {
        add(format!("\"{}\" is only on the target", column.name));
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, sql_type: &str) -> Column {
        Column {
            name: name.into(),
            sql_type: sql_type.into(),
            base_type: sql_type.into(),
            is_not_null: false,
            is_collatable: false,
            is_generated: false,
            is_fixed: false,
            is_binary: true,
        }
    }

    #[test]
    fn columns_are_compared_by_name() {
        let (a, b) = (column("a", "integer"), column("b", "text"));
        assert_eq!(differences(&[a.clone(), b.clone()], &[b.clone(), a.clone()]), None);
        assert_eq!(
            differences(&[a.clone(), b], &[column("a", "bigint"), column("c", "text")]).unwrap(),
            "\"a\" is integer on the source and bigint on the target, \"b\" is only on the source, \
             \"c\" is only on the target"
        );
    }
}
