//! Errors of steps.

use crate::jobs::{learning_content, notification};

/// Why a step did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It was cancelled: the process is stopping, or the job's lock was lost.
    #[error("interrupted")]
    Interrupted,
    /// A required setting is missing; nothing was done.
    #[error("{0}")]
    Configuration(&'static str),
    /// The copy failed.
    #[error("{}", shown(.0))]
    Replication(Box<pg_replicate::Error>),
    /// No backup could be fetched.
    #[error("{}", shown(.0))]
    Backup(backup_sources::Error),
    /// A snapshot was not taken, or cannot be used.
    #[error("{}", shown(.0))]
    Snapshot(Box<snapshots::Error>),
    /// The learning content could not be loaded.
    #[error("{}", shown(.0))]
    LearningContent(learning_content::Error),
    /// Media could not be synchronized.
    #[error("{}", shown(.0))]
    Media(media_sync::Error),
    /// At least one notification was not delivered.
    #[error("{}", shown(.0))]
    Notification(notification::Error),
    /// A file of this program could not be written, read or removed.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: std::path::PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
}

/// Secrets are not shown, even if a server has echoed them.
fn shown(error: &impl std::fmt::Display) -> String {
    secrets::without(&error.to_string()).into_owned()
}

impl StepError {
    /// The exit code of a command that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted => pipeline::exit::INTERRUPTED,
            Self::Configuration(_) => pipeline::exit::USAGE,
            Self::Replication(error) if error.is_unreachable() => pipeline::exit::UNREACHABLE,
            Self::Backup(error) if error.is_unreachable() => pipeline::exit::UNREACHABLE,
            Self::Backup(backup_sources::Error::Configuration(_)) => pipeline::exit::USAGE,
            Self::Snapshot(error) if error.is_unreachable() => pipeline::exit::UNREACHABLE,
            Self::Snapshot(error) if matches!(**error, snapshots::Error::Configuration(_)) => {
                pipeline::exit::USAGE
            }
            Self::LearningContent(error) if error.is_unreachable() => pipeline::exit::UNREACHABLE,
            Self::Media(error) if error.is_unreachable() => pipeline::exit::UNREACHABLE,
            _ => pipeline::exit::FAILED,
        }
    }
}

impl From<pg_replicate::Error> for StepError {
    fn from(error: pg_replicate::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::Replication(Box::new(error)) }
    }
}

impl From<backup_sources::Error> for StepError {
    fn from(error: backup_sources::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::Backup(error) }
    }
}

impl From<snapshots::Error> for StepError {
    fn from(error: snapshots::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::Snapshot(Box::new(error)) }
    }
}

impl From<media_sync::Error> for StepError {
    fn from(error: media_sync::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::Media(error) }
    }
}

impl From<learning_content::Error> for StepError {
    fn from(error: learning_content::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::LearningContent(error) }
    }
}

impl From<notification::Error> for StepError {
    fn from(error: notification::Error) -> Self {
        if error.is_cancelled() { Self::Interrupted } else { Self::Notification(error) }
    }
}
