//! Errors of a sync.

use std::fmt;

/// Maximum number of failed objects in an error.
pub(crate) const MOST_NAMED: usize = 20;

/// One of the two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The place that is read.
    Source,
    /// The place that is written.
    Target,
}

impl fmt::Display for Which {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// An unusable place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct OpenError {
    /// Which one.
    pub which: Which,
    /// What is wrong, and what is expected.
    pub reason: String,
}

/// An object that could not be copied or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its key below the prefix.
    pub key: String,
    /// The store's error.
    pub reason: String,
}

/// Why a sync did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A place could not be listed; nothing was copied or deleted.
    #[error("the {which} {place} could not be listed: {reason}; nothing was changed")]
    List {
        /// Which one.
        which: Which,
        /// Where, without secrets.
        place: String,
        /// The store's error.
        reason: String,
        /// Whether it could not be reached.
        is_unreachable: bool,
    },
    /// Too much would be deleted; nothing was copied or deleted.
    #[error("{0}; nothing was changed")]
    Refused(String),
    /// Objects that could not be copied; all others were copied, and nothing was deleted.
    #[error("{} could not be copied: {}{}", counted(*.count), named(.failures, *.count), no_deletion(*.would_delete))]
    Copy {
        /// Some of them.
        failures: Vec<Failure>,
        /// Their total number.
        count: u64,
        /// Number of objects of the target that would have been deleted.
        would_delete: u64,
    },
    /// Objects that could not be deleted; everything was copied.
    #[error("everything was copied, but {} could not be deleted: {}", counted(*.count), named(.failures, *.count))]
    Delete {
        /// Some of them.
        failures: Vec<Failure>,
        /// Their total number.
        count: u64,
    },
    /// The temporary list of actions could not be written or read.
    #[error("the list of actions could not be written to a temporary file: {0}")]
    Spool(#[from] std::io::Error),
}

impl Error {
    /// Whether it was cancelled and nothing else went wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether a store could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::List { is_unreachable: true, .. })
    }
}

/// Some of the failures, and their total number.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) named: Vec<Failure>,
    pub(crate) count: u64,
}

impl Failures {
    pub(crate) fn add(&mut self, key: &str, error: &object_store::Error) {
        let reason = object_stores::reason(error);
        if self.named.len() < MOST_NAMED {
            tracing::warn!(key, "An object could not be processed: {reason}");
            self.named.push(Failure { key: key.into(), reason });
        } else {
            tracing::debug!(key, "An object could not be processed: {reason}");
        }
        self.count += 1;
    }
}

pub(crate) fn counted(count: u64) -> String {
    if count == 1 { "1 object".into() } else { format!("{count} objects") }
}

fn named(failures: &[Failure], count: u64) -> String {
    let mut lines: Vec<String> =
        failures.iter().map(|failure| format!("\n  {}: {}", failure.key, failure.reason)).collect();
    let more = count.saturating_sub(failures.len() as u64);
    if more > 0 {
        lines.push(format!("\n  and {more} more"));
    }
    lines.concat()
}

fn no_deletion(would_delete: u64) -> String {
    match would_delete {
        0 => String::new(),
        count => format!("\nnothing was deleted ({count} would have been)"),
    }
}
