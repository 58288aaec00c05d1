//! Progress tracker of a phase.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::context::Context;
use super::item::ProgressItem;
use super::phase_state::{Clock, PhaseState, RunningItem};
use super::summary::Summary;
use super::weight::Weight;

/// Progress is reported this often when no object says anything: an index may take an hour.
const QUIET_PERIOD: Duration = Duration::from_secs(2);

/// The progress of all objects of a phase; clones share the same state.
#[derive(Clone)]
pub struct ProgressTracker {
    shared: Arc<PhaseState>,
}

impl fmt::Debug for ProgressTracker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProgressTracker")
            .field("phase", &self.shared.phase)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// A tracker for the objects of a phase that takes the step from `share.0` to `share.1` percent.
    /// `expected` is their total cost; a plain number means bytes.
    pub fn tracker(
        &self,
        phase: &str,
        share: (f64, f64),
        expected: impl Into<Weight>,
    ) -> ProgressTracker {
        ProgressTracker::new(self, phase, share, expected.into(), Arc::new(Instant::now))
            .keep_reporting()
    }
}

impl ProgressTracker {
    pub(crate) fn new(
        context: &Context,
        phase: &str,
        share: (f64, f64),
        expected: Weight,
        clock: Clock,
    ) -> Self {
        let shared = Arc::new(PhaseState::new(context, phase, share, expected, clock));
        shared.report();
        Self { shared }
    }

    /// Reports regularly, even without activity, as long as the tracker exists.
    pub(crate) fn keep_reporting(self) -> Self {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let board: Weak<PhaseState> = Arc::downgrade(&self.shared);
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(QUIET_PERIOD).await;
                    let Some(board) = board.upgrade() else { break };
                    board.report_if_due();
                }
            });
        }
        self
    }

    /// Starts an object. `kind` is PostgreSQL's term, such as `TABLE DATA`, `INDEX`, `FK CONSTRAINT`;
    /// `weight` is its part of the tracker's total; a plain number means bytes.
    pub fn start(&self, kind: &str, name: &str, weight: impl Into<Weight>) -> ProgressItem {
        self.begin(kind, name, None, weight.into())
    }

    /// Starts part `part` (from 1) of an object that is processed in `parts` parts. Each part has its own
    /// log lines; the summary contains the object once.
    pub fn start_part(
        &self,
        kind: &str,
        name: &str,
        (part, parts): (u32, u32),
        weight: impl Into<Weight>,
    ) -> ProgressItem {
        self.begin(kind, name, (parts > 1).then_some((part, parts)), weight.into())
    }

    fn begin(
        &self,
        kind: &str,
        name: &str,
        part: Option<(u32, u32)>,
        weight: Weight,
    ) -> ProgressItem {
        let item = RunningItem {
            number: self.shared.next_item(),
            kind: kind.into(),
            name: name.into(),
            part,
            weight,
            started: self.shared.now(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        ProgressItem::new(Arc::clone(&self.shared), item)
    }

    /// Ends the phase: reports its end and returns its summary.
    #[must_use]
    pub fn finish(&self) -> Summary {
        self.shared.finish()
    }
}
