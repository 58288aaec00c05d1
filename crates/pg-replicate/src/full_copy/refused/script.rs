//! The same of a plain dump, as far as each statement tells by itself.

use std::collections::HashSet;
use std::path::Path;

use bytes::BytesMut;

use super::super::restore_script::{open, unreadable};
use super::super::script_entry::Entries;
use super::archive::{needs, refused};
use super::{ExtensionTables, Needs, closed, object_checks};
use crate::archive::{Entry, tables_of};
use crate::postgres::connection::Connection;
use crate::psql_script::{RowsReader, ScriptError, SqlKind};
use crate::{Check, DatabaseUrl, Error, TableName};

/// Reads the script in `file` to its end, and looks at our rights on the target.
pub(in crate::full_copy) async fn check(
    target: &DatabaseUrl,
    file: &Path,
) -> Result<Vec<Check>, Error> {
    let found = Contents::read(file).await?;
    let target = Connection::open(target, "pg-replicate check").await?;
    let mut checks = found.of_extensions(&target).await?;
    let (mut with_rows, mut others) = (Vec::new(), Vec::new());
    for (entry, needs) in refused(&target, found.suspects).await? {
        let described = format!("{entry} ({})", needs.reason());
        let has_rows = tables_of(&entry).iter().any(|table| found.filled.contains(table));
        // Objects that need a missing extension fail; the extension itself does not.
        match needs {
            Needs::Extension(_) => {}
            _ if has_rows => with_rows.push(described),
            _ => others.push(described),
        }
    }
    checks.extend(object_checks(&with_rows, &others));
    Ok(checks)
}

/// What a plain dump makes.
#[derive(Default)]
struct Contents {
    /// What not every role may make.
    suspects: Vec<(Entry, Needs)>,
    extensions: Vec<String>,
    tables: HashSet<TableName>,
    /// Tables that get rows, and those that get none.
    filled: HashSet<TableName>,
    empty: HashSet<TableName>,
}

impl Contents {
    async fn read(file: &Path) -> Result<Self, Error> {
        let (mut script, _) = open(file).await?;
        let (mut found, mut entries) = (Self::default(), Entries::default());
        let reading = async {
            while let Some(item) = script.next().await? {
                let strings = item.strings;
                let sql = item.text()?;
                if let SqlKind::Copy(rows) = SqlKind::of(&sql, strings) {
                    let (mut reader, mut bytes) = (RowsReader::default(), BytesMut::new());
                    let mut has_rows = false;
                    while script.rows(&mut reader, &mut bytes).await? {
                        has_rows |= !bytes.is_empty();
                        bytes.clear();
                    }
                    has_rows |= !bytes.is_empty();
                    let [schema, table] = &rows.table[..] else { continue };
                    let list = if has_rows { &mut found.filled } else { &mut found.empty };
                    list.insert(TableName::new(schema, table));
                } else if sql.starts_with("CREATE ") {
                    found.made(entries.next(&sql));
                }
            }
            Ok(found)
        };
        reading.await.map_err(|error: ScriptError| unreadable(file, &error))
    }

    fn made(&mut self, entry: Entry) {
        if entry.kind == "TABLE" {
            self.tables.extend(tables_of(&entry));
        }
        if entry.kind == "EXTENSION" {
            self.extensions.push(entry.tag.clone());
        }
        if let Some(needs) = needs(&entry) {
            self.suspects.push((Entry { definition: String::new(), ..entry }, needs));
        }
    }

    /// Extensions' tables that the role may not write to.
    async fn of_extensions(&self, target: &Connection) -> Result<Vec<Check>, Error> {
        let extensions: Vec<&str> = self.extensions.iter().map(String::as_str).collect();
        let mut closed_tables = ExtensionTables::default();
        for (tables, has_rows) in [(&self.filled, true), (&self.empty, false)] {
            for table in tables.difference(&self.tables) {
                if let Some(closed) = closed(target, table, &extensions).await? {
                    closed_tables.add(format!("{table} of an extension"), has_rows, closed);
                }
            }
        }
        Ok(closed_tables.checks())
    }
}
