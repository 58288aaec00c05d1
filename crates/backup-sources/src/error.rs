//! Errors of fetching a backup.

use std::path::PathBuf;

/// Why no backup could be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A server could not be reached, or its connections broke repeatedly.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// Where, without secrets.
        url: String,
        /// The network error.
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
        /// The beginning of the response, or the destination of a redirect.
        body: String,
        /// What to do.
        hint: String,
    },
    /// A server's response does not match its documentation.
    #[error("{what}: {url} answered something unexpected: {reason}")]
    Answer {
        /// What was attempted.
        what: String,
        /// Where, without secrets.
        url: String,
        /// What was expected and what was received.
        reason: String,
    },
    /// There is no acceptable backup.
    #[error("no usable backup in {place}: {reason}")]
    NoBackup {
        /// The place that was searched.
        place: String,
        /// What was found, and what to do.
        reason: String,
    },
    /// The backup has a format that cannot be restored.
    #[error(
        "{backup} contains {found}; expected an archive in pg_dump's custom format (pg_dump \
         --format=custom), optionally in a .gz, .zst, .tar, .tar.gz or .tar.zst"
    )]
    Content {
        /// Which backup.
        backup: String,
        /// The format found.
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
    /// The backup was replaced while it was read.
    #[error("{backup} was replaced while it was read: {reason}")]
    Changed {
        /// Which backup.
        backup: String,
        /// How this was detected.
        reason: String,
    },
    /// An object store refused a request.
    #[error("{what}: {reason}")]
    Store {
        /// What was attempted, and where.
        what: String,
        /// The store's error.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "{} has {free} free, the backup is {wanted}: free space, or set BACKUP_DIRECTORY to another disk",
        directory.display()
    )]
    Space {
        /// The directory it was to be written to.
        directory: PathBuf,
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
    /// An invalid setting.
    #[error("{0}")]
    Configuration(String),
}

impl Error {
    /// Whether it was cancelled and nothing else went wrong.
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
