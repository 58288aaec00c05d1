//! The tables to copy, and their costs.

use crate::postgres::connection::Connection;
use crate::renaming::Renaming;
use crate::{Error, TableName};

const TABLES: &str = include_str!("../../../sql/live/tables.sql");

/// A table of the source, as in the snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: TableName,
    /// Where its rows are written.
    pub(crate) target: TableName,
    /// Name and type of each column that is written.
    pub(crate) columns: Vec<(String, String)>,
    /// Whether its rows can be copied in binary format.
    pub(crate) is_binary: bool,
    /// The partitioned table of the target through which rows are written, if not directly into the table.
    pub(crate) through: Option<TableName>,
    pub(crate) pages: u64,
    pub(crate) heap_bytes: u64,
    pub(crate) toast_bytes: u64,
    /// An estimate of the server.
    pub(crate) rows: f64,
}

impl Table {
    /// A table of which only the approximate size is known.
    pub(crate) fn estimated(name: TableName, bytes: u64) -> Self {
        Self {
            target: name.clone(),
            name,
            columns: Vec::new(),
            is_binary: false,
            through: None,
            pages: 0,
            heap_bytes: bytes,
            toast_bytes: 0,
            rows: 0.0,
        }
    }

    /// The same, written where a copy is built.
    pub(crate) fn renamed(self, renaming: &Renaming) -> Self {
        Self {
            target: renaming.table(&self.name),
            through: self.through.as_ref().map(|root| renaming.table(root)),
            ..self
        }
    }

    /// `schema.table`, as in pg_restore's log.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.name.schema, self.name.name)
    }

    /// Size of the table on disk, without indexes.
    pub(crate) fn bytes(&self) -> u64 {
        self.heap_bytes + self.toast_bytes
    }

    /// The names of its columns in parentheses, as in COPY; empty if it has none.
    pub(crate) fn column_list(&self) -> String {
        if self.columns.is_empty() {
            return String::new();
        }
        format!(" ({})", self.quoted_columns())
    }

    /// The names of its columns, separated by commas.
    pub(crate) fn quoted_columns(&self) -> String {
        let names = self
            .columns
            .iter()
            .map(|(name, _)| crate::postgres::identifier::quote_identifier(name));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// All tables except those with the oids `kept`, largest first.
pub(crate) async fn tables(connection: &Connection, kept: &[u32]) -> Result<Vec<Table>, Error> {
    let rows = connection
        .query(TABLES, &[&kept])
        .await
        .map_err(|error| connection.error("list the tables of the source", &error))?;
    Ok(rows
        .iter()
        .map(|row| {
            let size = |column: &str| row.get::<_, i64>(column).unsigned_abs();
            let (columns, types): (Vec<String>, Vec<String>) =
                (row.get("columns"), row.get("types"));
            let through: Option<String> = row.get("through_name");
            let name = TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
            Table {
                target: name.clone(),
                name,
                columns: columns.into_iter().zip(types).collect(),
                is_binary: row.get("is_binary"),
                through: through
                    .map(|name| TableName::new(row.get::<_, String>("through_schema"), name)),
                pages: size("pages"),
                heap_bytes: size("heap_bytes"),
                toast_bytes: size("toast_bytes"),
                rows: row.get("rows"),
            }
        })
        .collect())
}
