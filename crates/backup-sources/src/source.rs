//! What every source of backups can do.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use progress::CancellationToken;

use crate::{Backup, BackupQuery, Error};

/// A place that backups come from.
///
/// Every source passes the conformance suite in tests/conformance.
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

    /// Opens `backup` to be read from byte `from` on. `version` is what the first opening answered;
    /// a source that can refuses to open another.
    ///
    /// # Errors
    /// Why it cannot be read, and whether another try may help.
    fn open<'a>(
        &'a self,
        backup: &'a Backup,
        from: u64,
        version: Option<&'a str>,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Opened, OpenError>>;

    /// Where `backup` stands on this machine already, so that it need not be copied.
    fn local_path(&self, backup: &Backup) -> Option<PathBuf> {
        let _ = backup;
        None
    }
}

/// The bytes of a backup.
pub struct Opened {
    /// The place of the first byte that comes: what was asked for, or 0.
    pub from: u64,
    /// The length of the whole, when the server tells.
    pub total: Option<u64>,
    /// What makes this content differ from another of the same name, when the server tells.
    pub version: Option<String>,
    /// The bytes; an error is why they broke off.
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
    /// Whether another try may succeed.
    pub may_pass: bool,
    /// How long the server asks to wait before.
    pub wait: Option<std::time::Duration>,
}

impl OpenError {
    /// Another try may succeed.
    #[must_use]
    pub fn passing(error: Error) -> Self {
        Self { error: Box::new(error), may_pass: true, wait: None }
    }

    /// No other try will succeed.
    #[must_use]
    pub fn lasting(error: Error) -> Self {
        Self { error: Box::new(error), may_pass: false, wait: None }
    }

    /// [`OpenError::lasting`], unless it is what an expired URL is answered: a new one may help.
    pub(crate) fn or_expired(self) -> Self {
        let is_expired = matches!(*self.error, Error::Status { status: 400 | 401 | 403, .. });
        Self { may_pass: self.may_pass || is_expired, ..self }
    }
}
