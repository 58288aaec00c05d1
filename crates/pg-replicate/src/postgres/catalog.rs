//! Catalog: the server, the role's privileges, tables and their sizes.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::postgres::connection::Connection;
use crate::{BackupMode, Error, TableName};

/// The server, and the role on it.
pub(crate) struct Server {
    pub(crate) version: String,
    pub(crate) major: u32,
    pub(crate) role: String,
    pub(crate) is_superuser: bool,
    pub(crate) may_create_schema: bool,
    pub(crate) may_create_in_public: bool,
    pub(crate) is_standby: bool,
    /// The number of connections available to the role.
    pub(crate) connections: i64,
    pub(crate) bytes: u64,
}

/// A kept table, as found on a server.
#[derive(Clone, Debug)]
pub(crate) struct KeptTable {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
}

/// `sql` with the query of owners.sql for its variable `owners`.
pub(crate) fn with_owners(sql: &str) -> String {
    sql.replace(":owners", include_str!("../../sql/owners.sql"))
}

pub(crate) async fn rows(
    connection: &Connection,
    action: &str,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    connection.query(sql, parameters).await.map_err(|error| connection.error(action, &error))
}

pub(crate) async fn server(connection: &Connection) -> Result<Server, Error> {
    const SQL: &str = include_str!("../../sql/server.sql");
    let row = connection
        .query_one(SQL, &[])
        .await
        .map_err(|error| connection.error("read the server's version and our rights", &error))?;
    Ok(Server {
        version: row.get("version"),
        major: row.get::<_, i32>("version_number").unsigned_abs() / 10_000,
        role: row.get("role"),
        is_superuser: row.get("is_superuser"),
        may_create_schema: row.get("may_create_schema"),
        may_create_in_public: row.get("may_create_in_public"),
        is_standby: row.get("is_standby"),
        connections: row.get("connections"),
        bytes: row.get::<_, i64>("bytes").unsigned_abs(),
    })
}

/// The tables of `mode` that exist here, and their partitions.
pub(crate) async fn kept_tables(
    connection: &Connection,
    mode: &BackupMode,
) -> Result<Vec<KeptTable>, Error> {
    const SQL: &str = include_str!("../../sql/kept_tables.sql");
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        mode.kept().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows = rows(connection, "look for the kept tables", SQL, &[&schemas, &names]).await?;
    Ok(rows
        .iter()
        .map(|row| KeptTable {
            oid: row.get("oid"),
            name: TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        })
        .collect())
}

pub(crate) fn oids(kept: &[KeptTable]) -> Vec<u32> {
    kept.iter().map(|table| table.oid).collect()
}

/// `schema.table` and its bytes.
pub(crate) async fn table_sizes(connection: &Connection) -> Result<Vec<(String, u64)>, Error> {
    const SQL: &str = include_str!("../../sql/table_sizes.sql");
    let rows = rows(connection, "measure the tables", SQL, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| (row.get("name"), row.get::<_, i64>("bytes").unsigned_abs()))
        .collect())
}
