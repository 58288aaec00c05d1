//! How a snapshot ends when it does not succeed.

use std::path::PathBuf;

use progress::Context;

/// Why a snapshot was not taken, or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was asked to stop. What the store held before it still holds.
    #[error("cancelled")]
    Cancelled,
    /// The database, or PostgreSQL's programs; nothing in the store was changed.
    #[error(transparent)]
    Database(pg_replicate::Error),
    /// The store could not be reached; nothing in it was changed.
    #[error("{place} could not be reached: {reason}")]
    Unreachable {
        /// Where, without secrets.
        place: String,
        /// What the network said.
        reason: String,
    },
    /// The store refused something; nothing in it was changed.
    #[error("{action} {place}: {reason}")]
    Store {
        /// What was attempted.
        action: String,
        /// Where, without secrets.
        place: String,
        /// What the store said.
        reason: String,
    },
    /// The snapshot could not be kept; those from before are as they were.
    #[error("snapshot {name} could not be stored: {action} {place}: {reason}; {state}")]
    NotKept {
        /// What it would have been called.
        name: String,
        /// What was attempted.
        action: String,
        /// Where, without secrets.
        place: String,
        /// What the store said.
        reason: String,
        /// What of it is in the store now, and what becomes of that.
        state: String,
    },
    /// The archive could not be packed; nothing of it is in the store.
    #[error("snapshot {name} could not be packed: {source}")]
    Pack {
        /// What it would have been called.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The newest snapshot is whole and kept, but the work around it is not done. The next run does it.
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
        /// What the store said.
        reason: String,
    },
    /// There is no snapshot that can be used.
    #[error("{place} has no usable snapshot: {reason}")]
    NoSnapshot {
        /// Where was looked.
        place: String,
        /// What is there, and what to do.
        reason: String,
    },
    /// A name that no snapshot has.
    #[error("{place} has no snapshot \"{name}\"; it has {there}")]
    UnknownName {
        /// Where was looked.
        place: String,
        /// What was asked for.
        name: String,
        /// What is there.
        there: String,
    },
    /// A snapshot does not hold what its manifest says.
    #[error("snapshot {name} in {place} cannot be used: {reason}")]
    Damaged {
        /// Which snapshot.
        name: String,
        /// Where it stands.
        place: String,
        /// What exactly is wrong with it.
        reason: String,
    },
    /// No key that was given opens it.
    #[error("snapshot {name} is encrypted: {reason}")]
    Key {
        /// Which snapshot.
        name: String,
        /// Which key is wanted.
        reason: String,
    },
    /// The disk has no place for it.
    #[error("{} has {free} free, {wanted} are needed for {what}: free space, or choose another directory",
        directory.display())]
    Space {
        /// Where it was to be written.
        directory: PathBuf,
        /// What was to be written.
        what: String,
        /// What is free there.
        free: String,
        /// What is needed at least.
        wanted: String,
    },
    /// A file operation failed.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A setting that cannot be used; nothing was changed.
    #[error("{0}")]
    Configuration(String),
}

impl Error {
    /// Whether it was cancelled, and nothing else is wrong.
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
