//! An object in work.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::tracker::Shared;
use super::{Weight, log};
use crate::ObjectSummary;

/// What is known of an object that runs.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: u64,
    pub(super) kind: String,
    pub(super) name: String,
    /// Which piece of how many.
    pub(super) part: Option<(u32, u32)>,
    pub(super) weight: Weight,
    pub(super) started: Instant,
    pub(super) rows: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Work {
    /// Its name, with its piece.
    pub(super) fn label(&self) -> String {
        match self.part {
            None => self.name.clone(),
            Some((part, parts)) => format!("{} (part {part} of {parts})", self.name),
        }
    }

    /// What it is, for people.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.label())
    }

    /// The cost of what is behind it.
    pub(super) fn done(&self) -> u64 {
        self.weight.cost_of(self.bytes.load(Ordering::Relaxed))
    }
}

/// An object in work: [`ProgressItem::end`] says that it is whole. Dropped without it, the object has
/// failed or was cancelled: it is not counted, and the log has no line of its end.
#[must_use = "an object that is dropped has failed"]
pub struct ProgressItem {
    shared: Arc<Shared>,
    work: Arc<Work>,
    has_ended: bool,
}

impl fmt::Debug for ProgressItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProgressItem").field("work", &self.work).finish_non_exhaustive()
    }
}

impl ProgressItem {
    pub(super) fn new(shared: Arc<Shared>, work: Work) -> Self {
        log::launching(work.item, &work.kind, &work.label());
        let work = Arc::new(work);
        shared.started(&work);
        Self { shared, work, has_ended: false }
    }

    /// So many more rows and bytes were moved. Cheap: called for every chunk.
    pub fn advance(&self, rows: u64, bytes: u64) {
        self.count(rows, bytes);
        self.shared.flowed(bytes);
        self.shared.report_if_due();
    }

    fn count(&self, rows: u64, bytes: u64) {
        self.work.rows.fetch_add(rows, Ordering::Relaxed);
        self.work.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.shared.count(rows, bytes);
    }

    /// The object is whole. `rows`: how many it has, where that is known only now; 0 where it has
    /// none, or all were told by [`ProgressItem::advance`].
    pub fn end(self, rows: u64) {
        self.end_with(rows, 0);
    }

    /// The same where the bytes too are known only now. They do not count for the rate, for nobody
    /// knows when they were moved.
    pub fn end_with(mut self, rows: u64, bytes: u64) {
        self.has_ended = true;
        let told = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.count(
            rows.saturating_sub(told(&self.work.rows)),
            bytes.saturating_sub(told(&self.work.bytes)),
        );
        let work = &self.work;
        let now = self.shared.now();
        let summary = |name: String| ObjectSummary {
            kind: work.kind.clone(),
            name,
            rows: work.rows.load(Ordering::Relaxed),
            bytes: work.bytes.load(Ordering::Relaxed),
            seconds: seconds(now - work.started),
        };
        log::finished(work.item, &summary(work.label()));
        self.shared.ended(work, summary(work.name.clone()), now);
    }
}

impl Drop for ProgressItem {
    fn drop(&mut self) {
        if !self.has_ended {
            log::given_up(self.work.item, &self.work.kind, &self.work.label());
            self.shared.gave_up(&self.work);
        }
    }
}

/// To the millisecond: a clock's noise is nothing to read.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}
