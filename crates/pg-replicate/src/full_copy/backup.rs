//! pg_dump into an archive.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use super::{FullCopy, catalog, connection_string};
use crate::archive;
use crate::phase_shares;
use crate::postgres::client_program::{Ended, Program, application_name, command};
use crate::postgres::connection::Connection;
use crate::postgres::source_locks::{Watch, named, pg_dump_option};
use crate::postgres::unlogged;
use crate::{DatabaseUrl, Error, TableName};
use progress::PhaseSummary;
use progress::{Context, Summary};
use progress::{ProgressItem, Weight};

/// An archive was measured at a fifth of its database.
pub(super) const USUAL_SHARE: u64 = 5;

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start create Backup");
    let prepared = prepare(copy, dump, context).await?;
    let partial = Partial::create(dump)?;
    let mut arguments = arguments(&prepared.excluded, &partial.path);
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
        return Err(failure("pg_dump", &copy.source, &ended).await);
    }
    table.into_iter().for_each(|table| dumped(table, &partial));
    let bytes = partial.bytes();
    partial.complete(dump)?;
    let entries = read_archive(dump).await?.entries;
    let objects = entries.iter().filter(|entry| entry.kind == "TABLE DATA").count() as u64;
    let slowest = board.finish().slowest;
    tracing::info!(tables = objects, bytes, "End create Backup");
    let phase = PhaseSummary { objects, bytes, ..PhaseSummary::ended("backup", start) };
    Ok(Summary { phases: vec![phase], slowest })
}

/// A table is in the file, which had so many bytes before.
fn dumped((table, before): (ProgressItem, u64), file: &Partial) {
    table.end_with(0, file.bytes().saturating_sub(before));
}

struct Prepared {
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
        Ok((excluded, sizes))
    };
    let looked = connection.run(context, look).await;
    let (excluded, sizes) = named(&connection, looked).await?;
    Ok(Prepared { connection, excluded, sizes })
}

/// Patterns for the kept tables, their partitions and their columns' sequences.
pub(super) async fn excluded(
    copy: &FullCopy,
    source: &Connection,
    kept: &[catalog::KeptTable],
) -> Result<Vec<String>, Error> {
    let mut excluded: Vec<String> = copy.mode.kept().map(TableName::pattern).collect();
    excluded.extend(kept.iter().map(|table| table.name.pattern()));
    let sequences = catalog::kept_sequences(source, kept).await?;
    // The option matches sequences and views too.
    excluded.extend(sequences.iter().map(TableName::pattern));
    excluded.sort_unstable();
    excluded.dedup();
    Ok(excluded)
}

/// All but the database.
pub(crate) fn arguments(excluded: &[String], file: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--verbose",
        "--exclude-schema=information_schema",
        "--exclude-schema=pg_*",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend(excluded.iter().map(|pattern| format!("--exclude-table={pattern}")));
    arguments.push(format!("--file={}", file.display()));
    arguments
}

/// `pg_dump: dumping contents of table "public.answers"`
pub(crate) fn dumped_table(line: &str) -> Option<&str> {
    line.split_once("dumping contents of table \"")?.1.strip_suffix('"')
}

fn warn_of_little_space(dump: &Path, database: u64) {
    let directory = dump.parent().filter(|path| !path.as_os_str().is_empty());
    let Ok(space) = nix::sys::statvfs::statvfs(directory.unwrap_or(Path::new("."))) else { return };
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    if free < database / USUAL_SHARE {
        tracing::warn!(
            free,
            database,
            "there may be too little space for the dump: an archive usually takes a fifth of its database"
        );
    }
}

/// What a program that failed said: its errors, without the rest of its verbose output.
pub(crate) async fn failure(name: &str, url: &DatabaseUrl, ended: &Ended) -> Error {
    let lines = &ended.last_lines;
    let first = lines.iter().position(|line| line.contains("error: ")).unwrap_or(0);
    let messages = lines[first..].join("; ");
    match is_connection_lost(url, &messages).await {
        Ok(true) => Error::Unreachable { url: url.to_string(), reason: messages },
        Ok(false) => {
            Error::Program { program: name.into(), status: ended.status.to_string(), messages }
        }
        Err(error) => error,
    }
}

/// Whether the program lost its connection. What libpq says is in English, for its locale is ours. What the
/// server says is in the language of its `lc_messages`: after an error with its word for FATAL there is no
/// connection.
async fn is_connection_lost(url: &DatabaseUrl, messages: &str) -> Result<bool, Error> {
    const LIBPQ: [&str; 6] = [
        "connection to server at",
        "connection to server on socket",
        "server closed the connection",
        "SSL connection has been closed unexpectedly",
        "could not receive data from server",
        "lost synchronization with server",
    ];
    if LIBPQ.iter().any(|text| messages.contains(text)) {
        return Ok(true);
    }
    // The only way to hear that word is to have a session of our own ended.
    const END: &str = "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";
    let connection = Connection::open(url, "pg-replicate language").await?;
    let ended = connection.batch_execute(END).await.err();
    let word = ended.as_ref().and_then(tokio_postgres::Error::as_db_error);
    Ok(word.is_some_and(|error| messages.contains(&format!("{}:  ", error.severity()))))
}

pub(crate) async fn read_archive(dump: &Path) -> Result<archive::Archive, Error> {
    blocking(dump, archive::read).await
}

/// [`read_archive`] of an archive that somebody else may have cut short.
pub(super) async fn read_whole_archive(dump: &Path) -> Result<archive::Archive, Error> {
    blocking(dump, archive::read_whole).await
}

/// Has pg_restore read all of the archive at `dump`, as the restore will: compressed data has
/// check sums.
pub(super) async fn inflate(dump: &Path) -> Result<(), Error> {
    let missing = |error: std::io::Error| Error::ProgramMissing {
        program: "pg_restore".into(),
        reason: error.to_string(),
    };
    let output = command("pg_restore")
        .arg("--file=/dev/null")
        .arg(dump)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .await
        .map_err(missing)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = format!("damaged: {}", said.trim().lines().next().unwrap_or_default());
    Err(Error::Archive { path: dump.to_owned(), reason })
}

async fn blocking(
    dump: &Path,
    read: fn(&Path) -> Result<archive::Archive, Error>,
) -> Result<archive::Archive, Error> {
    let path = dump.to_owned();
    match tokio::task::spawn_blocking(move || read(&path)).await {
        Ok(archive) => archive,
        Err(_) => {
            Err(Error::Archive { path: dump.to_owned(), reason: "it could not be read".into() })
        }
    }
}

/// The unfinished file; removed unless it is completed.
pub(crate) struct Partial {
    path: PathBuf,
}

impl Partial {
    /// Made by us first, so that a directory that cannot be written is reported as what it is, and
    /// readable by nobody else: it holds the whole database.
    pub(crate) fn create(dump: &Path) -> Result<Self, Error> {
        let mut name = dump.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        match private_files::create(&path) {
            Ok(_) => Ok(Self { path }),
            Err(source) => Err(Error::File { action: "create", path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map(|metadata| metadata.len()).unwrap_or_default()
    }

    pub(crate) fn complete(self, dump: &Path) -> Result<(), Error> {
        std::fs::rename(&self.path, dump).map_err(|source| Error::File {
            action: "rename",
            path: self.path.clone(),
            source,
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
