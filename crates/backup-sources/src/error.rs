//! How a fetch ends when it does not succeed.

use std::path::PathBuf;

/// Why no backup could be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A server could not be reached, or a connection to it broke again and again.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// Where, without secrets.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// A server refused a request.
    #[error("{what}: {url} answered {status}{}{}", shown(.body), advice(.hint))]
    Status {
        /// What was attempted.
        what: String,
        /// Where, without secrets.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer, or where it redirects to.
        body: String,
        /// What to do.
        hint: String,
    },
    /// A server answered something else than documented.
    #[error("{what}: {url} answered something unexpected: {reason}")]
    Answer {
        /// What was attempted.
        what: String,
        /// Where, without secrets.
        url: String,
        /// What was expected and what came.
        reason: String,
    },
    /// There is no backup that may be used.
    #[error("no usable backup in {place}: {reason}")]
    NoBackup {
        /// Where was looked.
        place: String,
        /// What is there, and what to do.
        reason: String,
    },
    /// The backup is not what can be restored.
    #[error(
        "{backup} contains {found}; expected an archive in pg_dump's custom format (pg_dump \
         --format=custom), optionally in a .gz, .zst, .tar, .tar.gz or .tar.zst"
    )]
    Content {
        /// Which backup.
        backup: String,
        /// What it is instead.
        found: String,
    },
    /// The backup is incomplete or damaged.
    #[error("{backup} is damaged: {reason}")]
    Damaged {
        /// Which backup.
        backup: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The backup was replaced by another while it was read.
    #[error("{backup} was replaced while it was read: {reason}")]
    Changed {
        /// Which backup.
        backup: String,
        /// How that was seen.
        reason: String,
    },
    /// An object store refused something.
    #[error("{what}: {reason}")]
    Store {
        /// What was attempted, and where.
        what: String,
        /// What the store said.
        reason: String,
    },
    /// The disk has no place for the backup.
    #[error(
        "{} has {free} free, the backup is {wanted}: free space, or set BACKUP_DIRECTORY to another disk",
        directory.display()
    )]
    Space {
        /// Where it was to be written.
        directory: PathBuf,
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
    /// A setting that cannot be used.
    #[error("{0}")]
    Configuration(String),
}

impl Error {
    /// Whether it was cancelled, and nothing else is wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether a server could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
        source: std::io::Error,
    ) -> Self {
        Self::File { action, path: path.into(), source }
    }
}

fn shown(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(" ({body})") }
}

fn advice(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}
