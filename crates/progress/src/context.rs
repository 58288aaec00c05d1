//! Context of a step: progress reporting and cancellation.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::report::{Nobody, Progress, ProgressSink};
use crate::sessions::Sessions;

/// The step was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// What every step receives.
#[derive(Clone)]
pub struct Context {
    /// Cancelled to stop the step.
    pub cancel: CancellationToken,
    /// Receives the progress.
    pub progress: Arc<dyn ProgressSink>,
    /// Numbers the objects of a run across all phases.
    items: Arc<AtomicU64>,
    /// The database sessions that the run has opened.
    pub sessions: Sessions,
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
        Self { cancel, progress, items: Arc::default(), sessions: Sessions::default() }
    }

    /// A context for a part of the step that can be cancelled on its own.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { cancel: self.cancel.child_token(), ..self.clone() }
    }

    /// A context without progress reports and cancellation.
    #[must_use]
    pub fn quiet() -> Self {
        Self::new(CancellationToken::new(), Arc::new(Nobody))
    }

    /// Fails if the step was cancelled.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// The number of the next object, from 1.
    pub(crate) fn next_item(&self) -> u64 {
        self.items.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Reports for a phase that takes the step from `share.0` to `share.1` percent.
    pub fn phase<'a>(&'a self, name: &'a str, share: (f64, f64)) -> PhaseProgress<'a> {
        PhaseProgress { context: self, name, share, last: 0.0 }
    }
}

/// The progress of one phase, which never decreases.
pub struct PhaseProgress<'a> {
    context: &'a Context,
    name: &'a str,
    share: (f64, f64),
    last: f64,
}

impl PhaseProgress<'_> {
    /// `fraction`: 0 to 1 of this phase.
    pub fn report(&mut self, fraction: f64, object: Option<String>, rows: u64, bytes: u64) {
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        self.last = self.last.max(fraction);
        let (from, to) = self.share;
        self.context.progress.update(&Progress {
            phase: self.name.to_owned(),
            percent: from + (to - from) * self.last,
            object,
            rows,
            bytes,
            ..Progress::default()
        });
    }
}
