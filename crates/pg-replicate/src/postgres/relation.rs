//! A table on one side.

use crate::postgres::connection::Connection;
use crate::{Error, TableName};

const RELATION: &str = include_str!("../../sql/incremental/relation.sql");

/// A table on one side.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// [`TableName::own_rows`].
    pub(crate) rows: String,
    pub(crate) is_ours: bool,
    /// Whether row-level security may hide rows from the role.
    pub(crate) hides_rows: bool,
}

impl Relation {
    /// The table, if it exists.
    pub(crate) async fn find(
        connection: &Connection,
        table: &TableName,
    ) -> Result<Option<Self>, Error> {
        let row = connection
            .query_opt(RELATION, &[&table.schema, &table.name])
            .await
            .map_err(|error| connection.error(format!("look at {table}"), &error))?;
        Ok(row.map(|row| Self {
            rows: table.own_rows(row.get("is_partitioned")),
            is_ours: row.get("is_ours"),
            hides_rows: row.get("hides_rows"),
        }))
    }
}
