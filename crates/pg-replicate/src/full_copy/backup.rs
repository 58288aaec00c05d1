//! Backup: pg_dump into an archive.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Instant, SystemTime};

use super::settings::FullCopy;
use super::{object_catalog, refused};
use crate::archive::read_archive;
use crate::phase_shares;
use crate::postgres::catalog;
use crate::postgres::client_program::{Program, application_name};
use crate::postgres::connection::Connection;
use crate::postgres::exported_snapshot;
use crate::postgres::lock_limits::pg_dump_option;
use crate::postgres::pg_dump::{arguments, connection_string, dumped_table, failure};
use crate::postgres::source_locks::{Watch, named};
use crate::postgres::unlogged;
use crate::{Error, TableName};
use private_files::PartialFile;
use progress::{Context, PhaseSummary, ProgressItem, Summary, Weight};

/// An archive is about a fifth of the size of its database (measured).
pub(super) const USUAL_SHARE: u64 = 5;

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start create Backup");
    let prepared = prepare(copy, dump, context).await?;
    let partial = PartialFile::new(dump);
    let failed = |action| {
        let path = partial.path().to_owned();
        move |source| Error::File { action, path, source }
    };
    // Made by us, so that nobody else can read it and a directory that cannot be written is reported as what it is.
    partial.create().map_err(failed("create"))?;
    let mut arguments = arguments(&prepared.excluded, partial.path());
    arguments.push(pg_dump_option(&copy.source));
    arguments.push(format!("--dbname={}", connection_string(&copy.source)));
    let program = Program {
        name: "pg_dump",
        arguments,
        url: &copy.source,
        application_name: application_name("backup"),
    };
    let total = Weight::cost(prepared.sizes.values().sum());
    let board = context.tracker("backup", phase_shares::BACKUP, total);
    // Tables are dumped one after the other.
    let mut table: Option<(ProgressItem, u64)> = None;
    let dumping = program.run(context, |line| {
        tracing::debug!("{line}");
        if let Some(name) = dumped_table(line) {
            table.take().into_iter().for_each(|table| dumped(table, &partial));
            let cost = prepared.sizes.get(name).copied().unwrap_or_default();
            table = Some((board.start("DUMP", name, Weight::cost(cost)), partial.bytes()));
        }
    });
    let watch = Watch::new(&prepared.connection, &context.sessions);
    let ended = watch.during(dumping, None).await?;
    if !ended.status.success() {
        return Err(failure("pg_dump", &copy.source, &ended));
    }
    table.into_iter().for_each(|table| dumped(table, &partial));
    let bytes = partial.bytes();
    partial.complete().map_err(failed("rename"))?;
    let archive = read_archive(dump).await?;
    refused::refuse_foreign_bytes(copy, &archive).await?;
    let objects = archive.entries.iter().filter(|entry| entry.kind == "TABLE DATA").count() as u64;
    let slowest = board.finish().slowest;
    tracing::info!(tables = objects, bytes, "End create Backup");
    let phase = PhaseSummary { objects, bytes, ..PhaseSummary::ended("backup", start) };
    let mut summary = Summary { phases: vec![phase], slowest, ..Summary::default() };
    summary.facts.snapshot_at = Some(prepared.time);
    Ok(summary)
}

/// A table is in the file, which previously had this many bytes.
fn dumped((table, before): (ProgressItem, u64), file: &PartialFile) {
    table.end_with(0, file.bytes().saturating_sub(before));
}

struct Prepared {
    /// The archive's snapshot is not older.
    time: SystemTime,
    /// To the source.
    connection: Connection,
    excluded: Vec<String>,
    sizes: HashMap<String, u64>,
}

async fn prepare(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Prepared, Error> {
    let connection = Connection::open_for(context, &copy.source, "pg-replicate").await?;
    let look = async {
        let kept = catalog::kept_tables(&connection, &copy.mode).await?;
        unlogged::warn(&connection, &catalog::oids(&kept)).await?;
        let excluded = excluded(copy, &connection, &kept).await?;
        let server = catalog::server(&connection).await?;
        warn_of_little_space(dump, server.bytes);
        let mut sizes: HashMap<_, _> =
            catalog::table_sizes(&connection).await?.into_iter().collect();
        for table in &kept {
            sizes.remove(&format!("{}.{}", table.name.schema, table.name.name));
        }
        Ok((excluded, sizes, exported_snapshot::time(&connection).await?))
    };
    let looked = connection.run(context, look).await;
    let (excluded, sizes, time) = named(&connection, looked).await?;
    Ok(Prepared { time, connection, excluded, sizes })
}

/// Patterns for the kept tables, their partitions and their columns' sequences.
pub(super) async fn excluded(
    copy: &FullCopy,
    source: &Connection,
    kept: &[catalog::KeptTable],
) -> Result<Vec<String>, Error> {
    let mut excluded: Vec<String> = copy.mode.kept().map(TableName::pattern).collect();
    excluded.extend(kept.iter().map(|table| table.name.pattern()));
    let sequences = object_catalog::kept_sequences(source, kept).await?;
    // The option also matches sequences and views.
    excluded.extend(sequences.iter().map(TableName::pattern));
    excluded.sort_unstable();
    excluded.dedup();
    Ok(excluded)
}

fn warn_of_little_space(dump: &Path, database: u64) {
    let directory = dump.parent().filter(|path| !path.as_os_str().is_empty());
    let free = private_files::free_space(directory.unwrap_or(Path::new(".")));
    if let Some(free) = free
        && free < database / USUAL_SHARE
    {
        tracing::warn!(
            free,
            database,
            "there may be too little space for the dump: an archive usually takes a fifth of its database"
        );
    }
}
