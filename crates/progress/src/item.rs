//! An object in item.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::log;
use super::phase_state::{PhaseState, RunningItem};
use super::summary::{ObjectSummary, seconds};

/// An object in progress; [`ProgressItem::end`] completes it. If it is dropped before, the object has
/// failed or was cancelled: it is not counted, and its end is not logged.
#[must_use = "an object that is dropped has failed"]
pub struct ProgressItem {
    phase: Arc<PhaseState>,
    item: Arc<RunningItem>,
    has_ended: bool,
}

impl fmt::Debug for ProgressItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProgressItem").field("item", &self.item).finish_non_exhaustive()
    }
}

impl ProgressItem {
    pub(super) fn new(phase: Arc<PhaseState>, item: RunningItem) -> Self {
        log::launching(item.number, &item.kind, &item.label());
        let item = Arc::new(item);
        phase.started(&item);
        Self { phase, item, has_ended: false }
    }

    /// Adds moved rows and bytes. Cheap enough to be called for every chunk.
    pub fn advance(&self, rows: u64, bytes: u64) {
        self.count(rows, bytes);
        self.phase.flowed(bytes);
        self.phase.report_if_due();
    }

    fn count(&self, rows: u64, bytes: u64) {
        self.item.rows.fetch_add(rows, Ordering::Relaxed);
        self.item.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.phase.count(rows, bytes);
    }

    /// Completes the object. `rows` is its number of rows if it is known only now; 0 if it has none, or if
    /// all were reported by [`ProgressItem::advance`].
    pub fn end(self, rows: u64) {
        self.end_with(rows, 0);
    }

    /// Like [`ProgressItem::end`], if the bytes are known only now too. They do not count for the rate,
    /// because it is not known when they were moved.
    pub fn end_with(mut self, rows: u64, bytes: u64) {
        self.has_ended = true;
        let told = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.count(
            rows.saturating_sub(told(&self.item.rows)),
            bytes.saturating_sub(told(&self.item.bytes)),
        );
        let item = &self.item;
        let now = self.phase.now();
        let summary = |name: String| ObjectSummary {
            kind: item.kind.clone(),
            name,
            rows: item.rows.load(Ordering::Relaxed),
            bytes: item.bytes.load(Ordering::Relaxed),
            seconds: seconds(now - item.started),
        };
        log::finished(item.number, &summary(item.label()));
        self.phase.ended(item, summary(item.name.clone()), now);
    }
}

impl Drop for ProgressItem {
    fn drop(&mut self) {
        if !self.has_ended {
            log::given_up(self.item.number, &self.item.kind, &self.item.label());
            self.phase.gave_up(&self.item);
        }
    }
}
