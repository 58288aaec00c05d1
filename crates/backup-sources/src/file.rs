//! Backup source `file`: a file on this machine.

use std::io::SeekFrom;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use progress::CancellationToken;
use tokio::io::AsyncSeekExt;
use tokio_util::io::ReaderStream;

use crate::{Backup, BackupQuery, BackupSource, Error, OpenError, Opened};

/// Size of the read buffer.
const PIECE: usize = 128 << 10;

/// `BACKUP_SOURCE=file`: one file, whose age is the time since its last modification.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// The file at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn newest(&self, query: &BackupQuery) -> Result<Backup, Error> {
        let none = |reason: String| Error::NoBackup { place: self.place(), reason };
        let metadata = match tokio::fs::metadata(&self.path).await {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(none("the file does not exist; check BACKUP_FILE".into()));
            }
            Err(source) => return Err(Error::file("read", &self.path, source)),
        };
        if metadata.is_dir() {
            return Err(Error::Content {
                backup: self.path.display().to_string(),
                found: if self.path.join("toc.dat").exists() {
                    "a dump of pg_dump's directory format".into()
                } else {
                    "a directory".into()
                },
            });
        }
        if !metadata.is_file() {
            // Opening a pipe without a writer would block forever.
            return Err(Error::Content {
                backup: self.path.display().to_string(),
                found: "a pipe, a socket or a device".into(),
            });
        }
        let changed = metadata.modified().map_err(|source| Error::file("read", &self.path, source));
        let created_at = DateTime::<Utc>::from(changed?);
        let id = self.path.display().to_string();
        let backup = Backup { id, created_at, size: Some(metadata.len()) };
        if query.accepts(created_at) {
            Ok(backup)
        } else {
            let found = backup.describe(query.now);
            Err(none(format!(
                "{found} is too old: BACKUP_MAX_AGE requires one from {}",
                query.max_age
            )))
        }
    }

    async fn read_from(&self, from: u64) -> std::io::Result<Opened> {
        let mut file = tokio::fs::File::open(&self.path).await?;
        let metadata = file.metadata().await?;
        file.seek(SeekFrom::Start(from)).await?;
        let changed = DateTime::<Utc>::from(metadata.modified()?);
        let body = ReaderStream::with_capacity(file, PIECE).map_err(|error| error.to_string());
        Ok(Opened {
            from,
            total: Some(metadata.len()),
            version: Some(changed.to_rfc3339()),
            body: body.boxed(),
        })
    }
}

impl BackupSource for FileSource {
    fn place(&self) -> String {
        format!("the file {}", self.path.display())
    }

    fn find<'a>(
        &'a self,
        query: &'a BackupQuery,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Backup, Error>> {
        self.newest(query).boxed()
    }

    fn open<'a>(
        &'a self,
        _: &'a Backup,
        from: u64,
        _: Option<&'a str>,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Opened, OpenError>> {
        let opened = self.read_from(from).map(|opened| {
            opened.map_err(|source| OpenError::lasting(Error::file("read", &self.path, source)))
        });
        opened.boxed()
    }

    fn local_path(&self, _: &Backup) -> Option<PathBuf> {
        Some(self.path.clone())
    }
}
