//! Objects of a database that a full copy drops, keeps, restores or cannot read.

use std::collections::HashSet;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::archive::Identity;
use crate::postgres::catalog::{KeptTable, oids, rows, server, with_owners};
use crate::postgres::connection::Connection;
use crate::{Error, TableName};

/// Oids of system catalogs never change.
const PG_CLASS: u32 = 1259;
const PG_TYPE: u32 = 1247;
const PG_EXTENSION: u32 = 3079;
const PG_LARGEOBJECT: u32 = 2613;

/// Objects by class and oid.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) classes: Vec<u32>,
    pub(super) oids: Vec<u32>,
    /// Tables and views that kept tables need although they are not kept.
    conflicts: Vec<String>,
}

impl Objects {
    pub(super) fn extend(&mut self, other: Self) {
        self.classes.extend(other.classes);
        self.oids.extend(other.oids);
        self.conflicts.extend(other.conflicts);
    }

    /// Problems with kept tables that need other tables.
    pub(super) fn conflict(&self) -> Option<String> {
        (!self.conflicts.is_empty()).then(|| {
            format!(
                "kept tables need tables or views that are not kept: {}; keep them too (BACKUP_MODE), or keep none \
                 of them",
                self.conflicts.join(", ")
            )
        })
    }
}

/// An object to drop.
#[derive(Clone, Debug)]
pub(super) struct Droppable {
    pub(super) class: u32,
    pub(super) oid: u32,
    /// For people.
    pub(super) object: String,
    /// The statement that drops it.
    pub(super) statement: String,
    /// Its quoted name, if LOCK TABLE accepts it.
    pub(super) lockable: Option<String>,
    /// The quoted name of a view.
    pub(super) view: Option<String>,
    /// The schema that it is in, or is.
    pub(super) schema: Option<String>,
    /// The beginning of a statement that moves it to another schema.
    pub(super) altered: Option<String>,
}

impl Droppable {
    pub(super) fn is_relation(&self) -> bool {
        self.class == PG_CLASS
    }

    /// A type, or a relation, which has one.
    pub(super) fn is_type(&self) -> bool {
        self.class == PG_TYPE || self.is_relation()
    }

    pub(super) fn is_large_object(&self) -> bool {
        self.class == PG_LARGEOBJECT
    }
}

/// The sequences owned by the kept tables' columns.
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

/// Everything that must stay for the kept tables to stay.
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

/// What has to be moved besides, when the range types of `schemas` are moved to other schemas.
pub(super) async fn range_parts(
    connection: &Connection,
    schemas: &[&str],
) -> Result<Vec<Droppable>, Error> {
    const SQL: &str = include_str!("../../sql/staging/range_parts.sql");
    let found = rows(connection, "list the parts of range types", SQL, &[&schemas]).await?;
    let part = |row: &Row| Droppable {
        class: row.get("classid"),
        oid: row.get("objid"),
        object: row.get("object"),
        statement: String::new(),
        lockable: None,
        view: None,
        schema: row.get("schema"),
        altered: row.get("altered"),
    };
    Ok(found.iter().map(part).collect())
}

/// The extensions with these names.
pub(super) async fn extensions(
    connection: &Connection,
    names: &[String],
) -> Result<Objects, Error> {
    const SQL: &str = "SELECT oid FROM pg_catalog.pg_extension WHERE extname = ANY ($1)";
    let found = rows(connection, "look for extensions", SQL, &[&names]).await?;
    let oids: Vec<u32> = found.iter().map(|row| row.get("oid")).collect();
    Ok(Objects { classes: vec![PG_EXTENSION; oids.len()], oids, conflicts: Vec::new() })
}

/// Each object to be dropped.
pub(super) async fn own_objects(
    connection: &Connection,
    survivors: &Objects,
) -> Result<Vec<Droppable>, Error> {
    const OWN: &str = include_str!("../../sql/own_objects.sql");
    const OF_SUPERUSERS: &str = include_str!("../../sql/superuser_objects.sql");
    const ACTION: &str = "list the objects to drop";
    let parameters: [&(dyn ToSql + Sync); 2] = [&survivors.classes, &survivors.oids];
    let mut found = rows(connection, ACTION, &with_owners(OWN), &parameters).await?;
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
            view: row.get("view"),
            schema: row.get("schema"),
            altered: row.get("altered"),
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

/// What exists on the target and need not be restored.
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

/// Kind and name of objects that the role may not read.
pub(super) async fn unreadable(
    connection: &Connection,
    kept: &[u32],
) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = include_str!("../../sql/unreadable.sql");
    let rows = rows(connection, "read the role's privileges", SQL, &[&kept]).await?;
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

/// The names of everything that is dumped.
pub(super) async fn names(connection: &Connection) -> Result<HashSet<String>, Error> {
    const SQL: &str = include_str!("../../sql/names.sql");
    let rows = rows(connection, "list the source's objects", SQL, &[]).await?;
    Ok(rows.iter().map(|row| row.get("name")).collect())
}

/// What an ordinary role cannot do here (`create` or `comment`, `KIND name`).
pub(super) async fn restore_rights(
    connection: &Connection,
    extensions: &[String],
) -> Result<HashSet<(String, String)>, Error> {
    const SQL: &str = include_str!("../../sql/restore_rights.sql");
    let rows = rows(connection, "read the role's privileges", SQL, &[&extensions]).await?;
    Ok(rows.iter().map(|row| (row.get("what"), row.get("object"))).collect())
}
