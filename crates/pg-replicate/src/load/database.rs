//! Source of a load: another database, read in one snapshot.

use std::collections::HashSet;

use super::catalog::{Catalog, Sequence};
use super::loaded::Loaded;
use crate::load::preflight::Preflight;
use crate::postgres::columns;
use crate::postgres::connection::Connection;
use crate::postgres::copy::{Copied, copy_query};
use crate::postgres::exported_snapshot;
use crate::postgres::identifier::quote_identifier;
use crate::postgres::source_locks;
use crate::postgres::source_locks::Watch;
use crate::postgres::{row_security, same_database, unlogged};
use crate::{DatabaseUrl, Error, Side, TableName};
use progress::{Context, ProgressItem, ProgressTracker, Sessions};

/// As which the server sees our sessions.
pub(super) const APPLICATION: &str = "pg-replicate load";

/// A table to copy.
#[derive(Debug)]
struct TableCopy {
    /// Its oid on the target.
    table: u32,
    /// `ONLY "schema"."name"`: inheriting tables are copied separately.
    from: String,
    columns: String,
    is_binary: bool,
    weight: u64,
}

/// A checked database, with its snapshot open.
pub(super) struct DatabaseSource {
    connection: Connection,
    /// Examines the locks while the other connection reads.
    watch: Connection,
    sessions: Sessions,
    name: String,
    catalog: Catalog,
    work: Vec<TableCopy>,
}

impl DatabaseSource {
    /// Opens the snapshot, and compares every table with the target's.
    pub(super) async fn look(
        url: &DatabaseUrl,
        target: &Connection,
        preflight: &mut Preflight<'_>,
        context: &Context,
    ) -> Result<Self, Error> {
        let connection = Connection::open_for(context, url, APPLICATION).await?;
        exported_snapshot::begin(&connection, None).await?;
        let catalog = Catalog::read(&connection).await;
        let catalog = source_locks::named(&connection, catalog).await?;
        let watch = Connection::open_for(context, url, APPLICATION).await?;
        let (name, sessions) = (url.to_string(), context.sessions.clone());
        let mut source = Self { connection, watch, sessions, name, catalog, work: Vec::new() };
        if same_database::is_one(&source.connection, target).await? {
            preflight.problem(
                "--from",
                format!(
                    "{} is the database that is loaded into: emptying it would lose the data",
                    source.name
                ),
            );
        }
        let compared = source.compare(target, preflight).await;
        source_locks::named(&source.connection, compared).await?;
        source.warn_of_large_objects().await?;
        Ok(source)
    }

    async fn warn_of_large_objects(&self) -> Result<(), Error> {
        const SQL: &str = include_str!("../../sql/load_large_objects.sql");
        let row = self.connection.query_one(SQL, &[]).await;
        let row = row.map_err(|error| self.connection.error("count the large objects", &error))?;
        match row.get::<_, i64>(0) {
            0 => {}
            number => {
                tracing::warn!("{} holds {number} large objects: they are left out", self.name)
            }
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        target: &Connection,
        preflight: &mut Preflight<'_>,
    ) -> Result<(), Error> {
        let mut tables: Vec<u32> = Vec::new();
        let mut unreadable = Vec::new();
        let mut hidden = Vec::new();
        let unlogged = unlogged::tables(&self.connection, &[]).await?;
        // A partition's rows are read through its partitioned table, because the target may be partitioned
        // differently.
        let mut candidates: Vec<_> = self
            .catalog
            .tables
            .values()
            .filter(|table| !table.is_partition && !table.is_of_extension)
            .collect();
        candidates.sort_by(|left, right| left.name.cmp(&right.name));
        for table in candidates {
            let Some(oid) = preflight.catalog.oid(&table.name) else {
                preflight.problem(&self.name, format!("the target has no table {}: run the application's migrations first, or leave the table out with --exclude-table", table.name));
                continue;
            };
            if preflight.excluded.contains(&oid) {
                continue;
            }
            if unlogged.contains(&table.name) {
                let (table, why) = (&table.name, unlogged::REASON);
                preflight.problem(
                    &self.name,
                    format!("{table}: {why}: leave the table out with --exclude-table"),
                );
            }
            if !table.is_readable {
                unreadable.push(table.name.to_string());
            }
            if table.hides_rows {
                hidden.push(table.name.to_string());
            }
            tables.push(oid);
        }
        if !unreadable.is_empty() {
            preflight.problem(&self.name, format!("no SELECT on table {}", unreadable.join(", ")));
        }
        if !hidden.is_empty() {
            preflight.problem(&self.name, row_security::refusal(Side::Source, &hidden.join(", ")));
        }
        for oid in preflight.catalog.in_order(&tables) {
            self.compare_table(oid, target, preflight).await?;
        }
        let only_there: Vec<String> = preflight
            .catalog
            .tables
            .iter()
            .filter(|(oid, table)| {
                !table.is_partition
                    && !table.is_of_extension
                    && !preflight.excluded.contains(oid)
                    && self.catalog.oid(&table.name).is_none()
            })
            .map(|(_, table)| table.name.to_string())
            .collect();
        if !only_there.is_empty() {
            tracing::warn!(
                "Only the target has {}: left as they are, unless they refer to a table that is emptied",
                only_there.join(", ")
            );
        }
        Ok(())
    }

    async fn compare_table(
        &mut self,
        oid: u32,
        target: &Connection,
        preflight: &mut Preflight<'_>,
    ) -> Result<(), Error> {
        let Some(table) = preflight.catalog.tables.get(&oid) else { return Ok(()) };
        let name = table.name.clone();
        let ours = columns::columns(&self.connection, &name).await?;
        let theirs = columns::columns(target, &name).await?;
        let is_known = |column: &columns::Column| ours.iter().any(|its| its.name == column.name);
        let compared: Vec<_> = theirs
            .iter()
            .filter(|column| is_known(column) || !preflight.allows_new_columns())
            .cloned()
            .collect();
        if let Some(differences) = columns::differences(&ours, &compared) {
            preflight.differences(&self.name, &name, &differences);
        }
        let loaded: Vec<_> = compared.iter().filter(|column| !column.is_generated).collect();
        let is_binary = |name: &str| {
            ours.iter()
                .chain(&theirs)
                .filter(|column| column.name == name)
                .all(|column| column.is_binary)
        };
        let names: Vec<String> =
            loaded.iter().map(|column| quote_identifier(&column.name)).collect();
        let is_partitioned = self
            .catalog
            .oid(&name)
            .and_then(|oid| self.catalog.tables.get(&oid))
            .is_some_and(|table| table.is_partitioned);
        self.work.push(TableCopy {
            table: oid,
            from: name.own_rows(is_partitioned),
            columns: names.join(", "),
            is_binary: loaded.iter().all(|column| is_binary(&column.name)),
            weight: self.weight(&name.quoted()).await?,
        });
        preflight.load(oid);
        Ok(())
    }

    /// Bytes on disk, including partitions.
    async fn weight(&self, table: &str) -> Result<u64, Error> {
        const SQL: &str = "SELECT coalesce(sum(pg_catalog.pg_table_size(relid)), 0)::bigint \
             FROM (SELECT pg_catalog.to_regclass($1::text) AS relid UNION \
                   SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1::text))) AS parts";
        let row =
            self.connection.query_one(SQL, &[&table]).await.map_err(|error| {
                self.connection.error(format!("read the size of {table}"), &error)
            })?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Its weight in the progress.
    pub(super) fn bytes(&self) -> u64 {
        self.work.iter().map(|work| work.weight).sum()
    }

    /// Copies the tables one by one, and the states of the sequences.
    pub(super) async fn run(
        &self,
        target: &Connection,
        preflight: &Preflight<'_>,
        board: &ProgressTracker,
    ) -> Result<Loaded, Error> {
        let copying = self.copy(target, preflight, board);
        let loaded = Watch::new(&self.watch, &self.sessions).during(copying, None).await?;
        // The rest needs none of the source's locks.
        let ended = self.connection.batch_execute("COMMIT").await;
        ended.map_err(|error| self.connection.error("end the snapshot of the source", &error))?;
        Ok(loaded)
    }

    async fn copy(
        &self,
        target: &Connection,
        preflight: &Preflight<'_>,
        board: &ProgressTracker,
    ) -> Result<Loaded, Error> {
        self.lock(preflight).await?;
        let mut loaded = Loaded::default();
        for work in &self.work {
            let name = preflight.catalog.full_name(work.table);
            let object = board.start("TABLE DATA", &name, work.weight);
            let copied = self.table(work, target, preflight, &object).await?;
            object.end(copied.rows);
            loaded.add(Some(work.table), copied.rows);
            loaded.bytes += copied.bytes;
        }
        for sequence in &self.catalog.sequences {
            loaded.sequences.extend(self.sequence(sequence, target, preflight).await?);
        }
        Ok(loaded)
    }

    /// Locks the tables that are read. A table that was dropped or emptied since the snapshot would be
    /// empty or missing.
    async fn lock(&self, preflight: &Preflight<'_>) -> Result<(), Error> {
        let names: Vec<TableName> = self
            .work
            .iter()
            .filter_map(|work| preflight.catalog.tables.get(&work.table))
            .map(|table| table.name.clone())
            .collect();
        let partitions: HashSet<&TableName> = self
            .catalog
            .tables
            .values()
            .filter(|table| table.is_partition)
            .map(|table| &table.name)
            .collect();
        let is_read = |table: &TableName| names.contains(table) || partitions.contains(table);
        match exported_snapshot::lock(&self.connection, names.iter(), is_read).await? {
            None => Ok(()),
            Some(gone) => Err(Error::Database {
                action: format!("read the tables of {}", self.name),
                reason: format!(
                    "the source has changed since it was checked: {gone}; nothing was changed: load again"
                ),
            }),
        }
    }

    async fn table(
        &self,
        work: &TableCopy,
        target: &Connection,
        preflight: &Preflight<'_>,
        object: &ProgressItem,
    ) -> Result<Copied, Error> {
        let TableCopy { table, from, columns, is_binary, .. } = work;
        let query = format!("SELECT {columns} FROM {from}");
        // A table without columns can still have rows; the text format needs no column list.
        let into = if columns.is_empty() {
            preflight.catalog.quoted(*table)
        } else {
            format!("{} ({columns})", preflight.catalog.quoted(*table))
        };
        let name = preflight.catalog.tables.get(table).map(|table| table.name.clone());
        let Some(name) = name else { return Ok(Copied::default()) };
        let told = |bytes| object.advance(0, bytes);
        copy_query(&self.connection, target, &name, &query, &into, *is_binary, &told).await
    }

    /// Moves the target's sequence of the same column, or else of the same name, to the position of this
    /// one; returns its name if successful.
    async fn sequence(
        &self,
        sequence: &Sequence,
        target: &Connection,
        preflight: &Preflight<'_>,
    ) -> Result<Option<TableName>, Error> {
        let owner = sequence.owner.as_ref().and_then(|(table, column)| {
            let name = &self.catalog.tables.get(table)?.name;
            Some((preflight.catalog.oid(name)?, column))
        });
        let of_column = owner.and_then(|(table, column)| {
            preflight.catalog.sequences.iter().find(|other| {
                other.owner.as_ref().is_some_and(|its| its.0 == table && its.1 == *column)
            })
        });
        let Some(theirs) = of_column.or_else(|| preflight.catalog.sequence(&sequence.name)) else {
            tracing::warn!("The target has no sequence {}: left out", sequence.name);
            return Ok(None);
        };
        let is_excluded =
            theirs.owner.as_ref().is_some_and(|(table, _)| preflight.excluded.contains(table));
        if is_excluded {
            return Ok(None);
        }
        if !sequence.is_readable || !theirs.is_ours {
            let why = if theirs.is_ours {
                "no SELECT on the source's"
            } else {
                "another role owns the target's"
            };
            tracing::warn!("The sequence {} is left unchanged: {why}", theirs.name);
            return Ok(None);
        }
        let state = format!("SELECT last_value, is_called FROM {}", sequence.quoted());
        let row = self.connection.query_one(&state, &[]).await.map_err(|error| {
            self.connection.error(format!("read the sequence {}", sequence.name), &error)
        })?;
        let value: i64 = row.get(0);
        let (least, most) = theirs.bounds;
        if !(least..=most).contains(&value) {
            tracing::warn!(
                "The sequence {} is left unchanged: it ranges from {least} to {most}, and the source's is at {value}",
                theirs.name
            );
            return Ok(None);
        }
        let set = "SELECT pg_catalog.setval($1::text::pg_catalog.regclass, $2, $3)";
        target
            .execute(set, &[&theirs.quoted(), &value, &row.get::<_, bool>(1)])
            .await
            .map_err(|error| target.error(format!("set the sequence {}", theirs.name), &error))?;
        Ok(Some(theirs.name.clone()))
    }
}
