//! Errors of notifications.

/// Why the step did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The step was cancelled.
    #[error("interrupted")]
    Cancelled,
    /// At least one notification failed; the others were delivered.
    #[error("{} of {entries} notifications failed: {}", failed.len(), list(failed))]
    Undelivered {
        /// The failed ones, in order.
        failed: Vec<Undelivered>,
        /// The number of notifications to send.
        entries: usize,
    },
}

/// A URL that could not be notified.
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
