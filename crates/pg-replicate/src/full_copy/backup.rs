//! pg_dump into an archive.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{FullCopy, catalog, connection_string};
use crate::archive;
use crate::child::{Ended, Program, application_name};
use crate::connection::Connection;
use crate::context::share;
use crate::summary::PhaseSummary;
use crate::{Context, DatabaseUrl, Error, Summary, TableName};

/// An archive was measured at a fifth of its database.
const USUAL_SHARE: u64 = 5;

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start create Backup");
    let mut progress = context.phase("backup", share::BACKUP);
    progress.report(0.0, None, 0, 0);
    let prepared = prepare(copy, dump, context).await?;
    let partial = Partial::create(dump)?;
    let program = Program {
        name: "pg_dump",
        arguments: arguments(copy, &prepared.excluded, &partial.path),
        url: &copy.source,
        application_name: application_name("backup"),
    };
    let total: u64 = prepared.sizes.values().sum::<u64>().max(1);
    let (mut done, mut current) = (0, 0);
    let ended = program
        .run(context, |line| {
            tracing::debug!("{line}");
            if let Some(table) = dumped_table(line) {
                done += current;
                current = prepared.sizes.get(table).copied().unwrap_or_default();
                #[expect(clippy::cast_precision_loss, reason = "a share")]
                let fraction = done as f64 / total as f64;
                progress.report(fraction, Some(table.to_owned()), 0, partial.bytes());
            }
        })
        .await?;
    if !ended.status.success() {
        return Err(failure("pg_dump", &copy.source, &ended));
    }
    let bytes = partial.bytes();
    partial.complete(dump)?;
    let entries = read_archive(dump).await?.entries;
    let objects = entries.iter().filter(|entry| entry.kind == "TABLE DATA").count() as u64;
    progress.report(1.0, None, 0, bytes);
    tracing::info!(tables = objects, bytes, "End create Backup");
    Ok(PhaseSummary { objects, bytes, ..PhaseSummary::ended("backup", start) }.into())
}

struct Prepared {
    /// Patterns for the kept tables, their partitions and their columns' sequences.
    excluded: Vec<String>,
    sizes: HashMap<String, u64>,
}

async fn prepare(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Prepared, Error> {
    let connection = Connection::open_for(context, &copy.source, "pg-replicate").await?;
    connection
        .run(context, async {
            let kept = catalog::kept_tables(&connection, &copy.mode).await?;
            let mut excluded: Vec<String> = copy.mode.kept().map(|table| table.pattern()).collect();
            excluded.extend(kept.iter().map(|table| table.name.pattern()));
            let sequences = catalog::kept_sequences(&connection, &kept).await?;
            // The option matches sequences and views too.
            excluded.extend(sequences.iter().map(TableName::pattern));
            excluded.sort_unstable();
            excluded.dedup();
            let server = catalog::server(&connection).await?;
            warn_of_little_space(dump, server.bytes);
            let mut sizes: HashMap<_, _> =
                catalog::table_sizes(&connection).await?.into_iter().collect();
            for table in &kept {
                sizes.remove(&format!("{}.{}", table.name.schema, table.name.name));
            }
            Ok(Prepared { excluded, sizes })
        })
        .await
}

fn arguments(copy: &FullCopy, excluded: &[String], file: &Path) -> Vec<String> {
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
    arguments.push(format!("--dbname={}", connection_string(&copy.source)));
    arguments
}

/// `pg_dump: dumping contents of table "public.answers"`
fn dumped_table(line: &str) -> Option<&str> {
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
pub(super) fn failure(name: &str, url: &DatabaseUrl, ended: &Ended) -> Error {
    let lines = &ended.last_lines;
    let first = lines.iter().position(|line| line.contains("error: ")).unwrap_or(0);
    let messages = lines[first..].join("; ");
    let is_lost = messages.contains("connection to server at")
        || messages.contains("connection to server on socket")
        || messages.contains("server closed the connection")
        || messages.contains("terminating connection")
        || messages.contains("could not receive data from server")
        || messages.contains("lost synchronization with server");
    if is_lost {
        return Error::Unreachable { url: url.to_string(), reason: messages };
    }
    Error::Program { program: name.into(), status: ended.status.to_string(), messages }
}

pub(super) async fn read_archive(dump: &Path) -> Result<archive::Archive, Error> {
    let path = dump.to_owned();
    match tokio::task::spawn_blocking(move || archive::read(&path)).await {
        Ok(archive) => archive,
        Err(_) => Err(Error::Archive {
            path: dump.to_owned(),
            reason: "its table of contents could not be read".into(),
        }),
    }
}

/// The unfinished file; removed unless it is completed.
struct Partial {
    path: PathBuf,
}

impl Partial {
    /// Made by us first, so that a directory that cannot be written is reported as what it is, and
    /// readable by nobody else: it holds the whole database.
    fn create(dump: &Path) -> Result<Self, Error> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut name = dump.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        match options.open(&path) {
            Ok(_) => Ok(Self { path }),
            Err(source) => Err(Error::File { action: "create", path, source }),
        }
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map(|metadata| metadata.len()).unwrap_or_default()
    }

    fn complete(self, dump: &Path) -> Result<(), Error> {
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
