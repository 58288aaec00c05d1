//! Interface of backup sources.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use progress::CancellationToken;

use crate::{Backup, BackupQuery, Error};

/// A source of backups.
///
/// Every source passes the conformance tests in tests/sources/conformance.rs.
pub trait BackupSource: fmt::Debug + Send + Sync {
    /// The place, for people and without secrets: `Scalingo's application pix-api`.
    fn place(&self) -> String;

    /// The newest backup there that matches `query`. Only with `query.create` is anything changed.
    ///
    /// # Errors
    /// [`Error::NoBackup`] says what is there; the others what went wrong.
    fn find<'a>(
        &'a self,
        query: &'a BackupQuery,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Backup, Error>>;

    /// Opens `backup` at byte `from`. `version` is what the first opening returned; if possible, a source
    /// refuses to open another version.
    ///
    /// # Errors
    /// Why it cannot be read, and whether another attempt may help.
    fn open<'a>(
        &'a self,
        backup: &'a Backup,
        from: u64,
        version: Option<&'a str>,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Opened, OpenError>>;

    /// The path of `backup` if it is already on this machine and need not be copied.
    fn local_path(&self, backup: &Backup) -> Option<PathBuf> {
        let _ = backup;
        None
    }
}

/// The content of a backup.
pub struct Opened {
    /// The position of the first byte: the requested one, or 0.
    pub from: u64,
    /// The total length, if the server sends it.
    pub total: Option<u64>,
    /// A value that distinguishes this content from others with the same name, if the server sends one.
    pub version: Option<String>,
    /// The bytes; an error is the reason for an interruption.
    pub body: BoxStream<'static, Result<Bytes, String>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Opened")
            .field("from", &self.from)
            .field("total", &self.total)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why a backup could not be opened.
#[derive(Debug)]
pub struct OpenError {
    /// What went wrong.
    pub error: Box<Error>,
    /// Whether another attempt may succeed.
    pub may_pass: bool,
    /// How long the server asks to wait before the next attempt.
    pub wait: Option<std::time::Duration>,
}

impl OpenError {
    /// Another attempt may succeed.
    #[must_use]
    pub fn passing(error: Error) -> Self {
        Self { error: Box::new(error), may_pass: true, wait: None }
    }

    /// No other attempt will succeed.
    #[must_use]
    pub fn lasting(error: Error) -> Self {
        Self { error: Box::new(error), may_pass: false, wait: None }
    }

    /// [`OpenError::lasting`], unless the URL may have expired: then a new one may help.
    pub(crate) fn or_expired(self) -> Self {
        let is_expired = matches!(*self.error, Error::Status { status: 400 | 401 | 403, .. });
        Self { may_pass: self.may_pass || is_expired, ..self }
    }
}
