//! Unlogged tables of a standby: their definition exists, but their rows cannot be read.

use crate::postgres::connection::Connection;
use crate::{Check, Error, TableName};

const SQL: &str = include_str!("../../sql/source/unlogged.sql");

/// Why such a table has no rows here.
pub(crate) const REASON: &str =
    "it is unlogged, and the source is a standby, which does not have its rows";

/// The tables that cannot be read, except those with the oids `kept`; none unless the source is a standby.
pub(crate) async fn tables(source: &Connection, kept: &[u32]) -> Result<Vec<TableName>, Error> {
    let rows = source.query(SQL, &[&kept]).await;
    let rows =
        rows.map_err(|error| source.error("list the unlogged tables of a standby", &error))?;
    let name = |column: &str, row: &tokio_postgres::Row| row.get::<_, String>(column);
    Ok(rows.iter().map(|row| TableName::new(name("schema", row), name("name", row))).collect())
}

/// Logs that their rows are left out; returns them.
pub(crate) async fn warn(source: &Connection, kept: &[u32]) -> Result<Vec<TableName>, Error> {
    let tables = tables(source, kept).await?;
    for table in &tables {
        tracing::warn!(table = %table, "the rows of {table} are left out: {REASON}");
    }
    Ok(tables)
}

/// The result of a check about them.
pub(crate) fn check(tables: &[TableName]) -> Option<Check> {
    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        Check::warning(
            "unlogged tables",
            format!(
                "the source is a standby, which does not have the rows of {}: they will be empty; copy from the primary to include them",
                names.join(", ")
            ),
        )
    })
}
