//! Database snapshot: the tables of a database at one point in time, their content, and a dump.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::postgres::catalog;
use crate::postgres::client_program::{Program, application_name, major_version};
use crate::postgres::connection::Connection;
use crate::postgres::exported_snapshot::{ExportedSnapshot, Looks};
use crate::postgres::pg_dump::{arguments, connection_string, dumped_table, failure};
use crate::postgres::{lock_limits, source_locks, unlogged};
use crate::{DatabaseUrl, Error, TableName, fingerprint};
use progress::{Context, ProgressItem, Summary, Weight};

const DEFINITIONS: &str = include_str!("../sql/definitions.sql");

/// A snapshot of a database, readable until it is dropped.
///
/// Its tables are locked against changes of their definition and against TRUNCATE, which a snapshot does
/// not protect from; their rows can be changed by others.
pub struct DatabaseSnapshot {
    url: DatabaseUrl,
    snapshot: ExportedSnapshot,
    server_version: String,
    pg_dump_version: String,
    tables: Vec<Definition>,
}

/// Definition of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The table.
    pub name: TableName,
    /// For a partition, the partitioned table; otherwise the table itself.
    pub root: TableName,
    /// Whether it has rows of its own, which a partitioned table does not.
    pub has_rows: bool,
    /// SHA-256 of its columns, constraints, indexes, triggers and policies, in hexadecimal digits.
    pub sha256: String,
}

/// Output format of pg_dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DumpFormat {
    /// An archive for pg_restore.
    #[default]
    Custom,
    /// A script of SQL that psql takes.
    Plain,
}

impl DatabaseSnapshot {
    /// Opens it. `pg_dump` must be at least as new as the server.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Unreachable`], [`Error::Database`], [`Error::ProgramMissing`],
    /// [`Error::Configuration`] with the versions.
    pub async fn open(url: &DatabaseUrl, context: &Context) -> Result<Self, Error> {
        let (program, pg_dump_version) = major_version("pg_dump").await?;
        let mut looks = Looks::default();
        let (snapshot, (server, tables)) = loop {
            let snapshot = ExportedSnapshot::export(url, context).await?;
            let connection = snapshot.connection();
            let looked = connection.run(context, look(&snapshot, program, &pg_dump_version)).await;
            if let Some(looked) = source_locks::named(connection, looked).await? {
                break (snapshot, looked);
            }
            looks.again()?;
        };
        Ok(Self {
            url: url.clone(),
            server_version: server.version,
            pg_dump_version,
            tables,
            snapshot,
        })
    }

    /// Its identifier, for `SET TRANSACTION SNAPSHOT`.
    #[must_use]
    pub fn snapshot(&self) -> &str {
        self.snapshot.id()
    }

    /// The server's version, as it prints it.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// The version of pg_dump, as it prints it.
    #[must_use]
    pub fn pg_dump_version(&self) -> &str {
        &self.pg_dump_version
    }

    /// The tables that have rows, and the partitioned ones.
    #[must_use]
    pub fn tables(&self) -> &[Definition] {
        &self.tables
    }

    /// Runs `work`, which reads in the snapshot; cancels it if the snapshot is lost, or other sessions wait
    /// too long for its locks.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Unreachable`], [`Error::Database`] or [`Error::Locked`] for the
    /// snapshot.
    pub async fn during<T, E: From<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.snapshot.watch().during(work, None).await
    }

    /// Closes it: when this returns, its locks have been released, which takes longer when it is dropped.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub async fn end(self, context: &Context) -> Result<(), Error> {
        let connection = self.snapshot.connection();
        let commit = async {
            // A lost connection has closed it too.
            let _ = connection.batch_execute("COMMIT").await;
            Ok(())
        };
        connection.run(context, commit).await
    }

    /// Dumps the database in this snapshot to `file`, without owners and privileges; `share` is the range
    /// of the step's progress, in percent.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Program`] with pg_dump's errors, [`Error::Unreachable`].
    pub async fn dump(
        &self,
        format: DumpFormat,
        file: &Path,
        share: (f64, f64),
        context: &Context,
    ) -> Result<Summary, Error> {
        let created = private_files::create(file);
        created.map_err(|source| Error::File { action: "create", path: file.into(), source })?;
        let mut arguments = arguments(&[], file);
        if format == DumpFormat::Plain {
            // The last one counts.
            arguments.push("--format=plain".into());
        }
        arguments.push(format!("--snapshot={}", self.snapshot.id()));
        arguments.push(lock_limits::pg_dump_option(&self.url));
        arguments.push(format!("--dbname={}", connection_string(&self.url)));
        let program = Program {
            name: "pg_dump",
            arguments,
            url: &self.url,
            application_name: application_name("snapshot"),
        };
        let sizes = catalog::table_sizes(self.snapshot.connection());
        let sizes: std::collections::HashMap<_, _> =
            self.snapshot.connection().run(context, sizes).await?.into_iter().collect();
        let board = context.tracker("dump", share, Weight::cost(sizes.values().sum()));
        // Tables are dumped one after the other.
        let mut table: Option<ProgressItem> = None;
        let running = program.run(context, |line| {
            tracing::debug!("{line}");
            if let Some(name) = dumped_table(line) {
                table.take().into_iter().for_each(|table| table.end_with(0, 0));
                let cost = sizes.get(name).copied().unwrap_or_default();
                table = Some(board.start("DUMP", name, Weight::cost(cost)));
            }
        });
        let ended = self.during(running).await?;
        if !ended.status.success() {
            return Err(failure("pg_dump", &self.url, &ended));
        }
        table.into_iter().for_each(|table| table.end_with(0, 0));
        Ok(board.finish())
    }
}

async fn definitions(connection: &Connection) -> Result<Vec<Definition>, Error> {
    let rows = connection
        .query(DEFINITIONS, &[])
        .await
        .map_err(|error| connection.error("read how the tables are defined", &error))?;
    let name = |schema: &str, name: &str| TableName::new(schema, name);
    Ok(rows
        .iter()
        .map(|row| Definition {
            name: name(row.get("schema"), row.get("name")),
            root: name(row.get("root_schema"), row.get("root_name")),
            has_rows: row.get("has_rows"),
            sha256: row.get("definition"),
        })
        .collect())
}

/// Locks every table; `None` if one was dropped, emptied or rewritten before that. `program`: pg_dump's
/// version.
async fn look(
    snapshot: &ExportedSnapshot,
    program: u32,
    pg_dump_version: &str,
) -> Result<Option<(catalog::Server, Vec<Definition>)>, Error> {
    let connection = snapshot.connection();
    let server = catalog::server(connection).await?;
    if program < server.major {
        return Err(Error::Configuration(format!(
            "{} is PostgreSQL {}, and {pg_dump_version} is older: install client programs of version {} or newer",
            connection.url(),
            server.version,
            server.major
        )));
    }
    unlogged::warn(connection, &[]).await?;
    let tables = fingerprint::tables(connection, &[]).await?;
    if !snapshot.lock(tables.iter().map(|table| &table.name)).await? {
        return Ok(None);
    }
    Ok(Some((server, definitions(connection).await?)))
}
