//! Export of a database's data as a script for [`LoadData`](super::LoadData) and psql.

use std::path::Path;
use std::time::Instant;

use tokio::io::{AsyncWriteExt, BufWriter};

use super::catalog::Catalog;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::connection::Connection;
use crate::postgres::lock_limits::pg_dump_option;
use crate::postgres::pg_dump::{connection_string, failure};
use crate::postgres::source_locks::{Watch, named};
use crate::postgres::{session_settings, unlogged};
use crate::{Check, DatabaseUrl, Error, TableName};
use private_files::PartialFile;
use progress::{Context, PhaseSummary, Summary};

/// Writes rows and sequences of a database into one SQL file, in one snapshot.
#[derive(Clone, Debug)]
pub struct ExportData {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// Tables whose rows and sequences are left out.
    pub excluded: Vec<TableName>,
    /// Whether the file first empties the tables, for use with psql.
    pub truncates: bool,
}

impl ExportData {
    /// Writes the file at `path`; it appears only when it is complete.
    ///
    /// # Errors
    /// [`Error::Preflight`] for excluded tables that do not exist, [`Error::Cancelled`], [`Error::Program`]
    /// with pg_dump's errors, [`Error::Unreachable`], [`Error::File`].
    pub async fn run(&self, path: &Path, context: &Context) -> Result<Summary, Error> {
        let start = Instant::now();
        context.check()?;
        tracing::info!("Start export data");
        let prepared = self.prepare(context).await?;
        let partial = PartialFile::new(path);
        let failed = |action| {
            let path = partial.path().to_owned();
            move |source| Error::File { action, path, source }
        };
        // Made by us, so that nobody else can read it and a directory that cannot be written is reported as what it is.
        partial.create().map_err(failed("create"))?;
        let program = Program {
            name: "pg_dump",
            arguments: prepared.arguments,
            url: &self.source,
            application_name: application_name("export"),
        };
        let file = partial.path().to_owned();
        let head = prepared.head;
        let dumping = program.pipe(
            context,
            |line| tracing::debug!("{line}"),
            async move |mut stdout| {
                let mut out = BufWriter::new(tokio::fs::File::create(&file).await?);
                out.write_all(head.as_bytes()).await?;
                tokio::io::copy(&mut stdout, &mut out).await?;
                out.flush().await
            },
        );
        let watch = Watch::new(&prepared.connection, &context.sessions);
        let (ended, written) = watch.during(dumping, None).await?;
        written.map_err(|source| Error::File { action: "write", path: path.to_owned(), source })?;
        if !ended.status.success() {
            return Err(failure("pg_dump", &self.source, &ended));
        }
        let bytes = partial.bytes();
        partial.complete().map_err(failed("rename"))?;
        tracing::info!(bytes, "End export data");
        let objects = prepared.tables;
        Ok(PhaseSummary { objects, bytes, ..PhaseSummary::ended("export", start) }.into())
    }

    async fn prepare(&self, context: &Context) -> Result<Prepared, Error> {
        let connection = Connection::open_for(context, &self.source, "pg-replicate export").await?;
        let catalog = connection.run(context, Catalog::read(&connection)).await;
        let catalog = named(&connection, catalog).await?;
        unlogged::warn(&connection, &[]).await?;
        let mut excluded = std::collections::BTreeSet::new();
        let mut unknown = Vec::new();
        for name in &self.excluded {
            match catalog.oid(name) {
                Some(oid) => excluded.extend(catalog.with_descendants(oid)),
                None => unknown.push(Check::bad(
                    "--exclude-table",
                    format!("the database has no table {name}; {}", name.naming()),
                )),
            }
        }
        if !unknown.is_empty() {
            return Err(Error::Preflight(unknown));
        }
        let mut arguments: Vec<String> =
            ["--data-only", "--no-owner", "--no-privileges", "--no-password"]
                .map(str::to_owned)
                .to_vec();
        // Bytes of a SQL_ASCII database are written unchanged; they need not be UTF-8.
        if !session_settings::is_sql_ascii(&self.source) {
            arguments.push("--encoding=UTF8".into());
        }
        let tables = catalog.tables.iter().filter(|(oid, _)| excluded.contains(oid));
        arguments.extend(tables.map(|(_, table)| exclude(&table.name)));
        let is_excluded = |owner: &(u32, String)| excluded.contains(&owner.0);
        let sequences =
            catalog.sequences.iter().filter(|one| one.owner.as_ref().is_some_and(is_excluded));
        arguments.extend(sequences.map(|sequence| exclude(&sequence.name)));
        arguments.push(pg_dump_option(&self.source));
        arguments.push(format!("--dbname={}", connection_string(&self.source)));

        let mut names: Vec<String> = catalog
            .tables
            .iter()
            .filter(|(oid, table)| {
                !excluded.contains(oid) && !table.is_partition && !table.is_of_extension
            })
            .map(|(_, table)| table.name.quoted())
            .collect();
        names.sort_unstable();
        let head = if self.truncates && !names.is_empty() {
            format!("TRUNCATE TABLE\n  {}\n  RESTART IDENTITY CASCADE;\n\n", names.join(",\n  "))
        } else {
            String::new()
        };
        Ok(Prepared { connection, arguments, head, tables: names.len() as u64 })
    }
}

struct Prepared {
    /// To the source.
    connection: Connection,
    arguments: Vec<String>,
    head: String,
    tables: u64,
}

fn exclude(name: &TableName) -> String {
    format!("--exclude-table={}", name.pattern())
}
