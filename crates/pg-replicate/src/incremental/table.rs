//! Whether and how one table can be copied.

use std::fmt::Write;

use crate::connection::Connection;
use crate::identifier::quote_identifier;
use crate::{CopyFormat, Error, TableName};

const COLUMNS: &str = include_str!("../../sql/columns.sql");

/// The column by which rows are found.
const ID: &str = "id";

/// How one table is copied.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    pub(super) table: TableName,
    /// The columns, quoted, with commas.
    pub(super) columns: String,
    /// Of the id on the source.
    pub(super) id_type: String,
    /// The largest id on the target, as text.
    pub(super) last_id: String,
    pub(super) is_binary: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    name: String,
    sql_type: String,
    is_generated: bool,
    is_binary: bool,
}

/// The plan, or what is wrong with the table, for people.
pub(super) async fn plan(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    format: CopyFormat,
) -> Result<Result<TablePlan, String>, Error> {
    let on_source = columns(source, table).await?;
    let on_target = columns(target, table).await?;
    if on_source.is_empty() {
        return Ok(Err(format!("{table}: the source has no such table, or it has no columns")));
    }
    if on_target.is_empty() {
        return Ok(Err(format!(
            "{table}: the target has no such table; copy it whole once, without it in BACKUP_MODE"
        )));
    }
    if let Some(difference) = differences(&on_source, &on_target) {
        return Ok(Err(format!(
            "{table}: columns differ: {difference}; make them the same on both"
        )));
    }
    let Some(id) = on_source.iter().find(|column| column.name == ID) else {
        return Ok(Err(format!(
            "{table}: it has no column \"{ID}\", without which new rows cannot be told"
        )));
    };
    let copied: Vec<&Column> = on_target.iter().filter(|column| !column.is_generated).collect();
    let is_binary = format == CopyFormat::Binary
        && on_source.iter().chain(&on_target).all(|column| column.is_binary);
    let Some(last_id) = last_id(target, table).await? else {
        return Ok(Err(format!(
            "{table} table must not be empty on target database: copy it whole once, without it in BACKUP_MODE"
        )));
    };
    Ok(Ok(TablePlan {
        table: table.clone(),
        columns: copied
            .iter()
            .map(|column| quote_identifier(&column.name))
            .collect::<Vec<_>>()
            .join(", "),
        id_type: id.sql_type.clone(),
        last_id,
        is_binary,
    }))
}

/// The largest id, as text; `max()` is not there for every type that has an order. The alias keeps
/// ORDER BY from meaning the text.
pub(super) async fn last_id(
    connection: &Connection,
    table: &TableName,
) -> Result<Option<String>, Error> {
    let id = quote_identifier(ID);
    let sql = format!(
        "SELECT {id}::text AS last_id FROM {} WHERE {id} IS NOT NULL ORDER BY {id} DESC LIMIT 1",
        table.quoted()
    );
    let row = connection
        .query_opt(&sql, &[])
        .await
        .map_err(|error| connection.error(format!("read the last id of {table}"), &error))?;
    Ok(row.map(|row| row.get(0)))
}

async fn columns(connection: &Connection, table: &TableName) -> Result<Vec<Column>, Error> {
    let rows = connection
        .query(COLUMNS, &[&table.schema, &table.name])
        .await
        .map_err(|error| connection.error(format!("read the columns of {table}"), &error))?;
    Ok(rows
        .iter()
        .map(|row| Column {
            name: row.get("name"),
            sql_type: row.get("type"),
            is_generated: row.get("is_generated"),
            is_binary: row.get("is_binary"),
        })
        .collect())
}

/// What differs, by name, whatever the order.
fn differences(source: &[Column], target: &[Column]) -> Option<String> {
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
            is_generated: false,
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
