//! Which notifications were not delivered.

/// Why the step did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The step was cancelled.
    #[error("interrupted")]
    Cancelled,
    /// At least one URL was not notified; the others were.
    #[error("{} of {entries} notifications failed: {}", failed.len(), list(failed))]
    Undelivered {
        /// Those that failed, in order.
        failed: Vec<Undelivered>,
        /// How many were due.
        entries: usize,
    },
}

/// A URL that was not notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The URL, without secrets.
    pub url: String,
    /// The status or the cause.
    pub reason: String,
}

impl Error {
    /// Whether the step was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}

fn list(failed: &[Undelivered]) -> String {
    let each: Vec<_> =
        failed.iter().map(|failed| format!("{}: {}", failed.url, failed.reason)).collect();
    each.join("; ")
}
