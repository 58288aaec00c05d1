//! Fetching: from a backup source to a complete dump on disk.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::Utc;
use private_files::PartialFile;
use progress::{CancellationToken, Context, ProgressItem, ProgressTracker, size_in_words};
use tokio::io::AsyncReadExt;

use crate::content::{Content, HEAD};
use crate::download::Download;
use crate::unpack::{UnpackError, unpack};
use crate::{Backup, BackupQuery, BackupSource, Error, Limits, MaxAge, age_in_words};

/// The phase's name in progress and summaries.
const PHASE: &str = "fetch";

/// How often a backup that is replaced during the download is downloaded again.
const CHANGES: u32 = 2;

/// If any age is accepted, a backup older than this is logged as a warning.
const OLD: Duration = Duration::from_secs(48 * 60 * 60);

/// A dump that is ready to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its path: the requested one, or that of a local file that is used in place.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The backup it was made from.
    pub backup: Backup,
    /// The duration of the download.
    pub duration: Duration,
}

/// Fetches backups from a source.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// The source.
    pub source: Arc<dyn BackupSource>,
    /// Maximum age of a backup.
    pub max_age: MaxAge,
    /// Whether a backup is created if there is none.
    pub create: bool,
    /// Time limits and numbers of attempts.
    pub limits: Limits,
}

/// Where a fetch puts the dump.
#[derive(Debug, Clone, Copy)]
pub struct FetchTarget<'a> {
    /// The file.
    pub path: &'a Path,
    /// Whether a dump that is already on this machine may be used in place.
    pub may_stay: bool,
    /// The fetch's percentage of the step's progress.
    pub share: f64,
}

impl Fetcher {
    /// Writes the newest acceptable backup to `target.path`, as an archive in pg_dump's custom format. A
    /// file at this path is always complete.
    ///
    /// # Errors
    /// Why there is none. No file is then left at the path or next to it.
    pub async fn fetch(
        &self,
        target: FetchTarget<'_>,
        context: &Context,
    ) -> Result<Fetched, Error> {
        let start = Instant::now();
        tracing::info!(source = self.source.place(), "Start fetch Backup");
        let query = self.query(self.create);
        let finding = self.source.find(&query, &context.cancel);
        let found = context.cancel.run_until_cancelled(finding).await;
        let backup = found.ok_or(Error::Cancelled)??;
        announce(&backup, &query);
        let local = self.source.local_path(&backup).filter(|_| target.may_stay);
        let (path, bytes) = match local {
            Some(local) if is_dump(&local).await? => {
                let bytes = length(&local).await?;
                (local, bytes)
            }
            _ => (target.path.to_owned(), self.download(&backup, target, context).await?),
        };
        let duration = start.elapsed();
        tracing::info!(
            backup = backup.id,
            bytes,
            seconds = duration.as_secs_f64(),
            "End fetch Backup"
        );
        Ok(Fetched { path, bytes, backup, duration })
    }

    /// Describes the newest acceptable backup, without downloading or starting anything.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn check(&self, cancel: &CancellationToken) -> Result<String, Error> {
        let query = self.query(false);
        let backup = self.source.find(&query, cancel).await?;
        Ok(format!("{}: {}", self.source.place(), backup.describe(query.now)))
    }

    fn query(&self, create: bool) -> BackupQuery {
        BackupQuery { max_age: self.max_age, create, now: Utc::now() }
    }

    async fn download(
        &self,
        backup: &Backup,
        target: FetchTarget<'_>,
        context: &Context,
    ) -> Result<u64, Error> {
        let tracker = context.tracker(PHASE, (0.0, target.share), backup.size.unwrap_or_default());
        let mut changes = 0;
        let bytes = loop {
            match self.download_once(backup, target.path, &tracker, context).await {
                Err(error @ Error::Changed { .. }) if changes < CHANGES => {
                    tracing::warn!("{error}; downloading it again");
                    changes += 1;
                }
                result => break result?,
            }
        };
        // Its duration belongs to the caller's phase.
        let _ = tracker.finish();
        Ok(bytes)
    }

    async fn download_once(
        &self,
        backup: &Backup,
        path: &Path,
        tracker: &ProgressTracker,
        context: &Context,
    ) -> Result<u64, Error> {
        let (object, highest) = (OnceLock::<ProgressItem>::new(), AtomicU64::new(0));
        // After an interruption, some bytes may be received twice.
        let report = |bytes, _| {
            let before = highest.fetch_max(bytes, Ordering::Relaxed);
            if let (Some(object), Some(more @ 1..)) = (object.get(), bytes.checked_sub(before)) {
                object.advance(0, more);
            }
        };
        let (source, retry) = (self.source.as_ref(), self.limits.retry);
        let mut download = Download::new(source, backup, &context.cancel, retry, &report);
        let total = download.begin().await?;
        if let (Some(listed), Some(total)) = (backup.size, total)
            && listed != total
        {
            tracing::warn!(
                "Backup {} is listed with {listed} bytes, and its download has {total}",
                backup.id
            );
        }
        let size = total.or(backup.size);
        enough_space(path, size)?;
        object.get_or_init(|| tracker.start("BACKUP", &backup.id, size.unwrap_or_default()));
        let partial = PartialFile::new(path);
        let mut file = tokio::fs::File::from_std(
            partial.create().map_err(|source| Error::file("create", partial.path(), source))?,
        );
        let (fetching, reader) = download.into_parts();
        let (fetched, unpacked) = tokio::join!(fetching, unpack(reader, &mut file));
        fetched?;
        let bytes = unpacked.map_err(|error| explain(error, &self.label(backup), &partial))?;
        drop(file);
        partial.complete().map_err(|source| Error::file("rename", partial.path(), source))?;
        if let Some(object) = object.into_inner() {
            object.end(0);
        }
        Ok(bytes)
    }

    /// The backup with its place, for people.
    fn label(&self, backup: &Backup) -> String {
        let place = self.source.place();
        if place.ends_with(&backup.id) { place } else { format!("{place}, backup {}", backup.id) }
    }
}

fn announce(backup: &Backup, query: &BackupQuery) {
    let age = backup.age(query.now);
    tracing::info!(
        backup = backup.id,
        created_at = backup.created_at.to_rfc3339(),
        age_seconds = age.as_secs(),
        bytes = backup.size,
        "Found {}",
        backup.describe(query.now)
    );
    if query.max_age == MaxAge::Any && age > OLD {
        tracing::warn!(
            "The newest backup is {} old; BACKUP_MAX_AGE sets a limit",
            age_in_words(age)
        );
    }
}

fn explain(error: UnpackError, backup: &str, partial: &PartialFile) -> Error {
    let damaged = |reason: String| Error::Damaged { backup: backup.into(), reason };
    match error {
        UnpackError::Content(found) => Error::Content { backup: backup.into(), found },
        UnpackError::Damaged(reason) => damaged(reason),
        UnpackError::Read(error) if error.kind() == ErrorKind::UnexpectedEof => {
            damaged("it is truncated".into())
        }
        UnpackError::Read(error) => damaged(error.to_string()),
        UnpackError::Write(error) => Error::file("write", partial.path(), error),
    }
}

/// Unpacked data is at least as large as packed data, so this is the minimum needed.
fn enough_space(path: &Path, bytes: Option<u64>) -> Result<(), Error> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let (Some(bytes), Some(free)) = (bytes, private_files::free_space(directory)) else {
        return Ok(());
    };
    if free >= bytes {
        return Ok(());
    }
    Err(Error::Space {
        directory: directory.to_owned(),
        free: size_in_words(free),
        wanted: size_in_words(bytes),
    })
}

async fn is_dump(path: &Path) -> Result<bool, Error> {
    let read = |source| Error::file("read", path, source);
    let file = tokio::fs::File::open(path).await.map_err(read)?;
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).await.map_err(read)?;
    Ok(Content::of(&head) == Content::Dump)
}

async fn length(path: &Path) -> Result<u64, Error> {
    let metadata = tokio::fs::metadata(path).await;
    Ok(metadata.map_err(|source| Error::file("read", path, source))?.len())
}
