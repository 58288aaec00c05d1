//! What all objects of a phase are doing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::item::Work;
use super::rate::Rate;
use super::totals::Totals;
use super::{Clock, ProgressItem, Weight};
use crate::{Context, ObjectSummary, PhaseSummary, Progress, Summary};

/// Progress is reported this often at the most.
const PERIOD: Duration = Duration::from_millis(250);

/// And this often when no object says anything: an index may take an hour.
const QUIET_PERIOD: Duration = Duration::from_secs(2);

/// Names of running objects in one report.
const MOST_RUNNING: usize = 8;

/// Before that much of the phase is done, and so many seconds, nobody can say how long it takes.
const LEAST_DONE: f64 = 0.01;
const LEAST_SECONDS: f64 = 2.0;

/// What all objects of a phase are doing; clones are the same board.
#[derive(Clone)]
pub struct ProgressTracker {
    shared: Arc<Shared>,
}

impl fmt::Debug for ProgressTracker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProgressTracker")
            .field("phase", &self.shared.phase)
            .finish_non_exhaustive()
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
        let started = clock();
        let state = State {
            expected,
            begun: Weight::default(),
            done: 0,
            fraction: 0.0,
            running: BTreeMap::new(),
            totals: Totals::default(),
            rate: Rate::new(started),
        };
        let shared = Shared {
            phase: phase.into(),
            share,
            context: context.clone(),
            clock,
            started,
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            flow: AtomicU64::new(0),
            next_report: AtomicU64::new(0),
            state: Mutex::new(state),
        };
        let shared = Arc::new(shared);
        shared.report();
        Self { shared }
    }

    /// Reports now and then, also when no object does, as long as the board is there.
    pub(crate) fn keep_reporting(self) -> Self {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let board: Weak<Shared> = Arc::downgrade(&self.shared);
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

    /// Begins an object. `kind` is PostgreSQL's word, such as `TABLE DATA`, `INDEX`,
    /// `FK CONSTRAINT`; `weight` its part of the board's: a number is bytes that will be moved.
    pub fn start(&self, kind: &str, name: &str, weight: impl Into<Weight>) -> ProgressItem {
        self.begin(kind, name, None, weight.into())
    }

    /// Begins piece `part` (from 1) of an object that is worked on in `parts` pieces. The pieces have
    /// their own lines in the log; the summary names the object once.
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
        let work = Work {
            item: self.shared.context.next_item(),
            kind: kind.into(),
            name: name.into(),
            part,
            weight,
            started: self.shared.now(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        ProgressItem::new(Arc::clone(&self.shared), work)
    }

    /// The phase is done: reports its end, and answers what it did.
    #[must_use]
    pub fn finish(&self) -> Summary {
        let shared = &self.shared;
        let seconds = (shared.now() - shared.started).as_secs_f64();
        let (objects, mut summary) = {
            let mut state = shared.state();
            state.fraction = 1.0;
            (state.totals.objects, state.totals.summary.clone())
        };
        shared.report();
        summary.phases.push(PhaseSummary {
            name: shared.phase.clone(),
            objects,
            rows: shared.rows.load(Ordering::Relaxed),
            bytes: shared.bytes.load(Ordering::Relaxed),
            seconds,
        });
        summary
    }
}

/// What the board and its objects share.
pub(super) struct Shared {
    phase: String,
    /// The phase's place in the step, in percent.
    share: (f64, f64),
    context: Context,
    clock: Clock,
    started: Instant,
    /// Of all objects, running and ended.
    rows: AtomicU64,
    bytes: AtomicU64,
    /// Of these bytes, those whose time is known; never less.
    flow: AtomicU64,
    /// Milliseconds after `started`.
    next_report: AtomicU64,
    state: Mutex<State>,
}

struct State {
    expected: Weight,
    /// Of all objects that were started; more than expected when the estimate was low.
    begun: Weight,
    /// Cost of the objects that ended.
    done: u64,
    /// Reported last, of the phase: never less the next time.
    fraction: f64,
    /// By item.
    running: BTreeMap<u64, Arc<Work>>,
    totals: Totals,
    rate: Rate,
}

impl Shared {
    pub(super) fn now(&self) -> Instant {
        (self.clock)()
    }

    pub(super) fn started(&self, work: &Arc<Work>) {
        let mut state = self.state();
        state.begun = state.begun.plus(work.weight);
        state.running.insert(work.item, Arc::clone(work));
        drop(state);
        self.report_if_due();
    }

    pub(super) fn count(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, work: &Work, summary: ObjectSummary, now: Instant) {
        let mut state = self.state();
        state.running.remove(&work.item);
        state.done = state.done.saturating_add(work.weight.cost);
        match work.part {
            None => state.totals.whole(summary),
            Some((_, parts)) => state.totals.part(summary, parts, work.started, now),
        }
        drop(state);
        self.report_if_due();
    }

    pub(super) fn gave_up(&self, work: &Work) {
        let mut state = self.state();
        state.running.remove(&work.item);
        // It may be begun again.
        state.begun.cost = state.begun.cost.saturating_sub(work.weight.cost);
        state.begun.bytes = state.begun.bytes.saturating_sub(work.weight.bytes);
        self.rows.fetch_sub(work.rows.load(Ordering::Relaxed), Ordering::Relaxed);
        self.bytes.fetch_sub(work.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of all callers reports when it is time; the others go on.
    /// Bytes that were moved just now.
    pub(super) fn flowed(&self, bytes: u64) {
        self.flow.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn report_if_due(&self) {
        let now = milliseconds(self.now() - self.started);
        let due = self.next_report.load(Ordering::Relaxed);
        let next = now + milliseconds(PERIOD);
        if now >= due
            && self
                .next_report
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.report();
        }
    }

    fn report(&self) {
        let now = self.now();
        // Held until the newest state has been told, so that an older one never follows it.
        let mut state = self.state();
        let (rows, bytes) = (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let total = state.expected.at_least(state.begun);
        let done = state.running.values().map(|work| work.done()).sum::<u64>() + state.done;
        if total.cost > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let fraction = done as f64 / total.cost as f64;
            // The whole of it is reported by the one who knows that it is.
            state.fraction = state.fraction.max(fraction.min(0.99));
        }
        let fraction = state.fraction;
        let rate = state.rate.sample(now, self.flow.load(Ordering::Relaxed));
        let titles = state.running.values().map(|work| work.title());
        let (from, to) = self.share;
        self.context.progress.update(&Progress {
            phase: self.phase.clone(),
            percent: from + (to - from) * fraction,
            object: state.running.values().next_back().map(|work| work.title()),
            rows,
            bytes,
            running: titles.take(MOST_RUNNING).collect(),
            bytes_total: (total.bytes > 0).then(|| total.bytes.max(bytes)),
            bytes_per_second: rate,
            seconds_left: seconds_left((now - self.started).as_secs_f64(), fraction, self.share),
        });
    }
}

/// Until the end of the step: the rest of this phase at its speed so far, and as much more as the
/// phases behind it have a larger share of the step.
fn seconds_left(elapsed: f64, fraction: f64, (from, to): (f64, f64)) -> Option<u64> {
    if fraction < LEAST_DONE || elapsed < LEAST_SECONDS || to <= from {
        return None;
    }
    let phase = elapsed / fraction;
    let left = phase * (1.0 - fraction) + phase * (100.0 - to) / (to - from);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    Some(left.ceil() as u64)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
