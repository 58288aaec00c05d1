//! Errors of snapshots.

use std::path::PathBuf;

use progress::Context;

/// Why a snapshot was not taken, or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was cancelled. The store is unchanged.
    #[error("cancelled")]
    Cancelled,
    /// An error of the database or of PostgreSQL's programs; the store is unchanged.
    #[error(transparent)]
    Database(pg_replicate::Error),
    /// The store could not be reached; it is unchanged.
    #[error("{place} could not be reached: {reason}")]
    Unreachable {
        /// Where, without secrets.
        place: String,
        /// The network error.
        reason: String,
    },
    /// The store refused a request; it is unchanged.
    #[error("{action} {place}: {reason}")]
    Store {
        /// What was attempted.
        action: String,
        /// Where, without secrets.
        place: String,
        /// The store's error.
        reason: String,
    },
    /// The snapshot could not be stored; earlier ones are unchanged.
    #[error("snapshot {name} could not be stored: {action} {place}: {reason}; {state}")]
    NotKept {
        /// The name it would have had.
        name: String,
        /// What was attempted.
        action: String,
        /// Where, without secrets.
        place: String,
        /// The store's error.
        reason: String,
        /// What part of it is in the store now, and what will happen to it.
        state: String,
    },
    /// The archive could not be packed; no part of it is in the store.
    #[error("snapshot {name} could not be packed: {source}")]
    Pack {
        /// The name it would have had.
        name: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The newest snapshot is complete, but an action after it failed. The next run repeats it.
    #[error(
        "snapshot {name} is complete and stored, but not everything is done: {action} {place}: {reason}; the next run \
         tries again"
    )]
    Unfinished {
        /// The newest good snapshot.
        name: String,
        /// What was attempted.
        action: String,
        /// Where, without secrets.
        place: String,
        /// The store's error.
        reason: String,
    },
    /// There is no usable snapshot.
    #[error("{place} has no usable snapshot: {reason}")]
    NoSnapshot {
        /// The place that was searched.
        place: String,
        /// What was found, and what to do.
        reason: String,
    },
    /// There is no snapshot with this name.
    #[error("{place} has no snapshot \"{name}\"; it has {there}")]
    UnknownName {
        /// The place that was searched.
        place: String,
        /// The requested name.
        name: String,
        /// What was found.
        there: String,
    },
    /// A snapshot differs from its manifest.
    #[error("snapshot {name} in {place} cannot be used: {reason}")]
    Damaged {
        /// Which snapshot.
        name: String,
        /// Its place.
        place: String,
        /// What exactly is wrong.
        reason: String,
    },
    /// None of the given keys can decrypt it.
    #[error("snapshot {name} is encrypted: {reason}")]
    Key {
        /// Which snapshot.
        name: String,
        /// The required key.
        reason: String,
    },
    /// The disk is full.
    #[error("{} has {free} free, {wanted} are needed for {what}: free space, or choose another directory",
        directory.display())]
    Space {
        /// The directory it was to be written to.
        directory: PathBuf,
        /// What was to be written.
        what: String,
        /// The free space.
        free: String,
        /// The minimum space needed.
        wanted: String,
    },
    /// A file operation failed.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// An invalid setting; nothing was changed.
    #[error("{0}")]
    Configuration(String),
}

impl Error {
    /// Whether it was cancelled and nothing else went wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether a server or the store could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Database(error) => error.is_unreachable(),
            _ => false,
        }
    }

    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
        source: std::io::Error,
    ) -> Self {
        Self::File { action, path: path.into(), source }
    }
}

impl From<pg_replicate::Error> for Error {
    fn from(error: pg_replicate::Error) -> Self {
        if error.is_cancelled() { Self::Cancelled } else { Self::Database(error) }
    }
}

/// The result of `work`, or an error as soon as `context` is cancelled.
pub(crate) async fn until_cancelled<T>(
    context: &Context,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    context.cancel.run_until_cancelled(work).await.ok_or(Error::Cancelled)?
}
