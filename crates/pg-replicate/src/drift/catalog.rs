//! The tables of one side and their columns.

use std::collections::BTreeMap;

use crate::postgres::catalog::{self, rows};
use crate::postgres::connection::Connection;
use crate::{BackupMode, Error, TableName};

const COLUMNS: &str = include_str!("../../sql/drift/columns.sql");

/// The tables and views of a database that a full copy makes or replaces.
pub(super) type Relations = BTreeMap<TableName, Relation>;

/// A table or view.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) is_view: bool,
    pub(super) is_partition: bool,
    pub(super) is_ours: bool,
    /// In order.
    pub(super) columns: Vec<Column>,
}

/// A column, with its type as readers see it.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) number: i32,
    pub(super) name: String,
    pub(super) definition: String,
}

impl Relation {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

pub(super) async fn relations(
    connection: &Connection,
    mode: &BackupMode,
) -> Result<Relations, Error> {
    let kept = catalog::oids(&catalog::kept_tables(connection, mode).await?);
    let mut relations = Relations::new();
    for row in rows(connection, "read the tables and their columns", COLUMNS, &[&kept]).await? {
        let name = TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
        let relation = relations.entry(name).or_insert_with(|| Relation {
            oid: row.get("oid"),
            is_view: row.get("is_view"),
            is_partition: row.get("is_partition"),
            is_ours: row.get("is_ours"),
            columns: Vec::new(),
        });
        if let Some(name) = row.get("column") {
            let (number, definition) = (row.get("number"), row.get("type"));
            relation.columns.push(Column { number, name, definition });
        }
    }
    Ok(relations)
}
