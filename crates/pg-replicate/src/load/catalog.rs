//! Catalog of a database: tables and the objects connected with them.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Row;

use crate::postgres::connection::Connection;
use crate::postgres::sql_text::{Cursor, Strings};
use crate::postgres::triggers;
use crate::postgres::triggers::Trigger;
use crate::psql_script::{Name, SequenceSet, strings_of_server};
use crate::{Error, TableName};

/// A table that stores data.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: TableName,
    pub(super) is_partitioned: bool,
    pub(super) is_partition: bool,
    pub(super) is_ours: bool,
    pub(super) is_readable: bool,
    /// Whether row-level security may hide rows from the role.
    pub(super) hides_rows: bool,
    pub(super) is_of_extension: bool,
    pub(super) owner: String,
    /// The columns that rows are loaded into, without generated ones.
    pub(super) columns: Vec<String>,
}

/// An enforced foreign key.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) table: u32,
    pub(super) referenced: u32,
    /// Whether it is PostgreSQL's copy of a partitioned table's key.
    pub(super) is_copy: bool,
    pub(super) is_deferrable: bool,
    pub(super) is_deferred: bool,
}

/// A sequence, and the column that owns it.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) name: TableName,
    pub(super) owner: Option<(u32, String)>,
    pub(super) increment: i64,
    /// Its minimum and maximum values.
    pub(super) bounds: (i64, i64),
    /// Whether the owning column contains numbers, and not, for example, text that ends in one.
    pub(super) is_of_numbers: bool,
    pub(super) is_ours: bool,
    pub(super) is_readable: bool,
}

/// The tables of a database by their oids.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) tables: HashMap<u32, Table>,
    by_name: HashMap<TableName, u32>,
    parents: HashMap<u32, Vec<u32>>,
    children: HashMap<u32, Vec<u32>>,
    pub(super) keys: Vec<ForeignKey>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) triggers: Vec<Trigger>,
    /// The search path of a session of this role.
    pub(super) search_path: Vec<String>,
    /// The meaning of a backslash in a session of this role.
    pub(super) strings: Strings,
}

impl Catalog {
    pub(super) async fn read(connection: &Connection) -> Result<Self, Error> {
        const TABLES: &str = include_str!("../../sql/load_tables.sql");
        const COLUMNS: &str = include_str!("../../sql/load_columns.sql");
        const PARENTS: &str = include_str!("../../sql/load_parents.sql");
        const KEYS: &str = include_str!("../../sql/load_foreign_keys.sql");
        const SEQUENCES: &str = include_str!("../../sql/load_sequences.sql");
        let mut catalog = Self::default();
        for row in rows(connection, "read the tables", TABLES).await? {
            catalog.add_table(&row);
        }
        for row in rows(connection, "read the columns", COLUMNS).await? {
            if let Some(table) = catalog.tables.get_mut(&row.get("table")) {
                table.columns.push(row.get("name"));
            }
        }
        for row in rows(connection, "read what inherits", PARENTS).await? {
            let (child, parent) = (row.get("child"), row.get("parent"));
            catalog.parents.entry(child).or_default().push(parent);
            catalog.children.entry(parent).or_default().push(child);
        }
        for row in rows(connection, "read the foreign keys", KEYS).await? {
            catalog.keys.push(ForeignKey {
                name: row.get("name"),
                table: row.get("table"),
                referenced: row.get("referenced"),
                is_copy: row.get("is_copy"),
                is_deferrable: row.get("is_deferrable"),
                is_deferred: row.get("is_deferred"),
            });
        }
        for row in rows(connection, "read the sequences", SEQUENCES).await? {
            let owner: (Option<u32>, Option<String>) = (row.get("table"), row.get("column"));
            catalog.sequences.push(Sequence {
                name: name(&row),
                owner: owner.0.zip(owner.1),
                increment: row.get("increment"),
                bounds: (row.get("least"), row.get("most")),
                is_of_numbers: row.get("is_of_numbers"),
                is_ours: row.get("is_ours"),
                is_readable: row.get("is_readable"),
            });
        }
        catalog.triggers = triggers::read(connection, None).await?;
        (catalog.search_path, catalog.strings) = settings(connection).await?;
        Ok(catalog)
    }

    fn add_table(&mut self, row: &Row) {
        let oid = row.get("oid");
        let table = Table {
            name: name(row),
            is_partitioned: row.get("is_partitioned"),
            is_partition: row.get("is_partition"),
            is_ours: row.get("is_ours"),
            is_readable: row.get("is_readable"),
            hides_rows: row.get("hides_rows"),
            is_of_extension: row.get("is_of_extension"),
            owner: row.get("owner"),
            columns: Vec::new(),
        };
        self.by_name.insert(table.name.clone(), oid);
        self.tables.insert(oid, table);
    }

    pub(super) fn oid(&self, name: &TableName) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// A table's name for people.
    pub(super) fn display(&self, oid: u32) -> String {
        self.tables.get(&oid).map_or_else(|| oid.to_string(), |table| table.name.to_string())
    }

    /// A table's name with its schema, for the log of objects.
    pub(super) fn full_name(&self, oid: u32) -> String {
        let name = self.tables.get(&oid).map(|table| &table.name);
        name.map_or_else(|| oid.to_string(), |name| format!("{}.{}", name.schema, name.name))
    }

    /// A table's name for SQL.
    pub(super) fn quoted(&self, oid: u32) -> String {
        self.tables.get(&oid).map_or_else(String::new, |table| table.name.quoted())
    }

    /// The table and everything below it: partitions, and inheriting tables.
    pub(super) fn with_descendants(&self, oid: u32) -> BTreeSet<u32> {
        reach(oid, &self.children)
    }

    /// The table with everything below and above it, because rows of one may be rows of another.
    pub(super) fn family(&self, oid: u32) -> BTreeSet<u32> {
        let mut family = reach(oid, &self.parents);
        family.extend(self.with_descendants(oid));
        family
    }

    /// The tables emptied by TRUNCATE … CASCADE of `tables`, each with the key that causes it.
    pub(super) fn cascade(
        &self,
        tables: impl IntoIterator<Item = u32>,
    ) -> HashMap<u32, Option<usize>> {
        let mut reached: HashMap<u32, Option<usize>> = HashMap::new();
        let mut left: Vec<(u32, Option<usize>)> =
            tables.into_iter().map(|table| (table, None)).collect();
        while let Some((table, reason)) = left.pop() {
            for table in self.with_descendants(table) {
                if reached.contains_key(&table) {
                    continue;
                }
                reached.insert(table, reason);
                let keys = self.keys.iter().enumerate();
                left.extend(
                    keys.filter(|(_, key)| key.referenced == table)
                        .map(|(number, key)| (key.table, Some(number))),
                );
            }
        }
        reached
    }

    /// The sequence of this name.
    pub(super) fn sequence(&self, name: &TableName) -> Option<&Sequence> {
        self.sequences.iter().find(|sequence| sequence.name == *name)
    }

    /// The tables in an order in which referenced tables come first, as far as possible.
    pub(super) fn in_order(&self, tables: &[u32]) -> Vec<u32> {
        let mut left = tables.to_vec();
        let mut sorted = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let waits = |table: u32| {
                let family = self.family(table);
                self.keys.iter().any(|key| {
                    family.contains(&key.table)
                        && !family.contains(&key.referenced)
                        && left.iter().any(|other| self.family(*other).contains(&key.referenced))
                })
            };
            // In a circle, none is free: takes the first.
            let free = left.iter().position(|table| !waits(*table)).unwrap_or(0);
            sorted.push(left.remove(free));
        }
        sorted
    }
}

/// The search path of a script, statement by statement.
#[derive(Clone, Debug)]
pub(super) struct Names<'a> {
    pub(super) catalog: &'a Catalog,
    path: Vec<String>,
}

impl<'a> Names<'a> {
    /// As at the start of a session.
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, path: catalog.search_path.clone() }
    }

    /// Sets the schemas in which unqualified names are looked up from now on, or resets them.
    pub(super) fn set_path(&mut self, path: Option<Vec<String>>) {
        self.path = path.unwrap_or_else(|| self.catalog.search_path.clone());
    }

    fn candidates(&self, name: &[String]) -> Vec<TableName> {
        match name {
            [name] => self.path.iter().map(|schema| TableName::new(schema, name)).collect(),
            [.., schema, name] => vec![TableName::new(schema, name)],
            [] => Vec::new(),
        }
    }

    pub(super) fn table(&self, name: &Name) -> Option<u32> {
        self.candidates(name).iter().find_map(|name| self.catalog.oid(name))
    }

    /// The sequence that a call of `setval` sets.
    pub(super) fn sequence(&self, set: &SequenceSet) -> Option<&'a Sequence> {
        let name = |text: &str| Cursor::of_head(text, 10, Strings::Standard).qualified_name();
        match set {
            SequenceSet::Name(text) => {
                self.candidates(&name(text)?).iter().find_map(|name| self.catalog.sequence(name))
            }
            SequenceSet::OfColumn(text, column) => {
                let table = self.table(&name(text)?)?;
                let is_its = |(owner, its): &(u32, String)| *owner == table && its == column;
                let mut sequences = self.catalog.sequences.iter();
                sequences.find(|sequence| sequence.owner.as_ref().is_some_and(is_its))
            }
        }
    }
}

fn reach(start: u32, edges: &HashMap<u32, Vec<u32>>) -> BTreeSet<u32> {
    let mut reached = BTreeSet::from([start]);
    let mut left = vec![start];
    while let Some(next) = left.pop() {
        for other in edges.get(&next).into_iter().flatten() {
            if reached.insert(*other) {
                left.push(*other);
            }
        }
    }
    reached
}

fn name(row: &Row) -> TableName {
    TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"))
}

async fn rows(connection: &Connection, action: &str, sql: &str) -> Result<Vec<Row>, Error> {
    connection.query(sql, &[]).await.map_err(|error| connection.error(action, &error))
}

/// This program's own sessions have other settings; a script's session has those of the role and the
/// database.
async fn settings(connection: &Connection) -> Result<(Vec<String>, Strings), Error> {
    const SQL: &str = "SELECT pg_catalog.current_schemas(false)::text[], \
        (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'standard_conforming_strings')";
    let read = async {
        connection.batch_execute("SET search_path TO DEFAULT").await?;
        let row = connection.query_one(SQL, &[]).await?;
        connection.batch_execute("SELECT pg_catalog.set_config('search_path', '', false)").await?;
        Ok((row.get(0), strings_of_server(row.get(1))))
    };
    read.await.map_err(|error: tokio_postgres::Error| {
        connection.error("read the settings of the role", &error)
    })
}

impl Sequence {
    /// Its name for SQL, as an object.
    pub(super) fn quoted(&self) -> String {
        self.name.quoted()
    }
}
