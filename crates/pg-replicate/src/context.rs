//! How a step reports progress and learns that it shall stop.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// How far a step has come.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Progress {
    /// The phase that runs, such as `restore`.
    pub phase: String,
    /// 0 to 100, of the whole step; never goes back while a step runs.
    pub percent: f64,
    /// The object in work, such as a table.
    pub object: Option<String>,
    /// Rows handled in this phase.
    pub rows: u64,
    /// Bytes handled in this phase.
    pub bytes: u64,
}

/// Takes progress; called from async code, so it must not block.
pub trait ProgressSink: Send + Sync {
    /// The newest state.
    fn update(&self, progress: &Progress);
}

struct Nobody;

impl ProgressSink for Nobody {
    fn update(&self, _: &Progress) {}
}

/// What every step is given.
#[derive(Clone)]
pub struct Context {
    /// Cancelled when the step shall stop.
    pub cancel: CancellationToken,
    /// Who wants to know how far it has come.
    pub progress: Arc<dyn ProgressSink>,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("cancelled", &self.cancel.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl Context {
    /// A context with these parts.
    #[must_use]
    pub fn new(cancel: CancellationToken, progress: Arc<dyn ProgressSink>) -> Self {
        Self { cancel, progress }
    }

    /// A context that nobody watches and nobody cancels.
    #[must_use]
    pub fn quiet() -> Self {
        Self::new(CancellationToken::new(), Arc::new(Nobody))
    }

    /// Fails when the step shall stop.
    pub(crate) fn check(&self) -> Result<(), crate::Error> {
        if self.cancel.is_cancelled() { Err(crate::Error::Cancelled) } else { Ok(()) }
    }

    /// Reports for a phase that takes the step from `share.0` to `share.1` percent.
    pub(crate) fn phase<'a>(&'a self, name: &'a str, share: (f64, f64)) -> PhaseProgress<'a> {
        PhaseProgress { context: self, name, share, last: 0.0 }
    }
}

/// The progress of one phase: only forward, whatever is reported.
pub(crate) struct PhaseProgress<'a> {
    context: &'a Context,
    name: &'a str,
    share: (f64, f64),
    last: f64,
}

impl PhaseProgress<'_> {
    /// `fraction`: 0 to 1 of this phase.
    pub(crate) fn report(&mut self, fraction: f64, object: Option<String>, rows: u64, bytes: u64) {
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        self.last = self.last.max(fraction);
        let (from, to) = self.share;
        self.context.progress.update(&Progress {
            phase: self.name.to_owned(),
            percent: from + (to - from) * self.last,
            object,
            rows,
            bytes,
        });
    }
}

/// The share of a full replication that each phase takes, after the published production run
/// (backup 1 h 27, restore 8 h 51, enrichment 1 h 39).
pub(crate) mod share {
    pub(crate) const BACKUP: (f64, f64) = (0.0, 12.0);
    pub(crate) const DROP: (f64, f64) = (12.0, 13.0);
    pub(crate) const RESTORE: (f64, f64) = (13.0, 86.0);
    pub(crate) const ENRICHMENT: (f64, f64) = (86.0, 100.0);
    pub(crate) const INCREMENTAL: (f64, f64) = (0.0, 100.0);
}
