//! What the catalogs say, for the full copy.

use std::collections::HashSet;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::drop::Droppable;
use crate::archive::Identity;
use crate::postgres::connection::Connection;
use crate::{BackupMode, Error, TableName};

/// The server and who we are there.
pub(crate) struct Server {
    pub(crate) version: String,
    pub(crate) major: u32,
    pub(crate) role: String,
    pub(crate) is_superuser: bool,
    pub(crate) may_create_schema: bool,
    pub(crate) may_create_in_public: bool,
    pub(crate) is_standby: bool,
    /// How many connections we may have.
    pub(crate) connections: i64,
    pub(crate) bytes: u64,
}

/// A table that is left alone, as it is found on a server.
#[derive(Clone, Debug)]
pub(crate) struct KeptTable {
    pub(super) oid: u32,
    pub(crate) name: TableName,
}

/// Objects by class and oid.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) classes: Vec<u32>,
    pub(super) oids: Vec<u32>,
    /// Tables and views that kept tables need, though they are not kept.
    pub(super) conflicts: Vec<String>,
}

pub(super) async fn rows(
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

/// The sequences that the kept tables' columns own.
pub(super) async fn kept_sequences(
    connection: &Connection,
    kept: &[KeptTable],
) -> Result<Vec<TableName>, Error> {
    const SQL: &str = include_str!("../../sql/kept_sequences.sql");
    let action = "look for the kept tables' sequences";
    let rows = rows(connection, action, SQL, &[&oids(kept)]).await?;
    let name =
        |row: &Row| TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
    Ok(rows.iter().map(name).collect())
}

pub(crate) fn oids(kept: &[KeptTable]) -> Vec<u32> {
    kept.iter().map(|table| table.oid).collect()
}

/// All that must stay for the kept tables to stay.
pub(super) async fn closure(connection: &Connection, kept: &[u32]) -> Result<Objects, Error> {
    const SQL: &str = include_str!("../../sql/kept_closure.sql");
    let rows = rows(connection, "find what the kept tables need", SQL, &[&kept]).await?;
    let mut objects = Objects::default();
    for row in rows {
        objects.classes.push(row.get("classid"));
        objects.oids.push(row.get("objid"));
        if row.get("is_conflict") {
            objects.conflicts.push(row.get("relation"));
        }
    }
    Ok(objects)
}

/// Each object to be dropped.
pub(super) async fn own_objects(
    connection: &Connection,
    survivors: &Objects,
) -> Result<Vec<Droppable>, Error> {
    const OWN: &str =
        concat!(include_str!("../../sql/owners.sql"), include_str!("../../sql/own_objects.sql"));
    const OF_SUPERUSERS: &str = include_str!("../../sql/superuser_objects.sql");
    const ACTION: &str = "list the objects to drop";
    let parameters: [&(dyn ToSql + Sync); 2] = [&survivors.classes, &survivors.oids];
    let mut found = rows(connection, ACTION, OWN, &parameters).await?;
    if server(connection).await?.is_superuser {
        found.extend(rows(connection, ACTION, OF_SUPERUSERS, &parameters).await?);
    }
    Ok(found
        .iter()
        .map(|row| Droppable {
            class: row.get("classid"),
            oid: row.get("objid"),
            object: row.get("object"),
            statement: row.get("statement"),
            lockable: row.get("lockable"),
        })
        .collect())
}

/// The kept tables' foreign keys to other tables, for people.
pub(super) async fn lost_foreign_keys(
    connection: &Connection,
    kept: &[u32],
) -> Result<Vec<String>, Error> {
    const SQL: &str = include_str!("../../sql/lost_foreign_keys.sql");
    let rows = rows(connection, "list the kept tables' foreign keys", SQL, &[&kept]).await?;
    let describe = |row: &Row| {
        let (name, table, referenced): (&str, &str, &str) =
            (row.get("name"), row.get("table"), row.get("referenced"));
        format!("{name} from {table} to {referenced}")
    };
    Ok(rows.iter().map(describe).collect())
}

/// What stands on the target and need not be restored.
pub(super) async fn present(
    connection: &Connection,
    survivors: &Objects,
) -> Result<HashSet<Identity>, Error> {
    const SQL: &str = include_str!("../../sql/present.sql");
    let parameters: [&(dyn ToSql + Sync); 2] = [&survivors.classes, &survivors.oids];
    let rows = rows(connection, "list what stays on the target", SQL, &parameters).await?;
    Ok(rows
        .iter()
        .map(|row| Identity {
            kind: row.get("kind"),
            schema: row.get("schema"),
            tag: row.get("tag"),
        })
        .collect())
}

/// Kind and name of what our role may not read.
pub(super) async fn unreadable(
    connection: &Connection,
    kept: &[u32],
) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = include_str!("../../sql/unreadable.sql");
    let rows = rows(connection, "look at our rights", SQL, &[&kept]).await?;
    Ok(rows.iter().map(|row| (row.get("kind"), row.get("name"))).collect())
}

/// Objects of other owners: for people, and by name.
pub(super) async fn not_ours(
    connection: &Connection,
    kept: &[u32],
) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = include_str!("../../sql/not_ours.sql");
    let rows = rows(connection, "look for objects of other owners", SQL, &[&kept]).await?;
    Ok(rows.iter().map(|row| (row.get("object"), row.get("name"))).collect())
}

/// The names of all that is dumped.
pub(super) async fn names(connection: &Connection) -> Result<HashSet<String>, Error> {
    const SQL: &str = include_str!("../../sql/names.sql");
    let rows = rows(connection, "list the source's objects", SQL, &[]).await?;
    Ok(rows.iter().map(|row| row.get("name")).collect())
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

/// What an ordinary role cannot do here: (`create` or `comment`, `KIND name`).
pub(super) async fn restore_rights(
    connection: &Connection,
    extensions: &[String],
) -> Result<HashSet<(String, String)>, Error> {
    const SQL: &str = include_str!("../../sql/restore_rights.sql");
    let rows = rows(connection, "look at our rights", SQL, &[&extensions]).await?;
    Ok(rows.iter().map(|row| (row.get("what"), row.get("object"))).collect())
}
