//! What a tracker and its items share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::context::Context;
use super::rate::Rate;
use super::report::Progress;
use super::summary::{ObjectSummary, PhaseSummary, Summary};
use super::totals::Totals;
use super::weight::Weight;

/// Minimum time between two reports.
const PERIOD: Duration = Duration::from_millis(250);

/// Maximum number of objects in progress in one report.
const MOST_RUNNING: usize = 8;

/// Until this fraction of the phase is done, and this many seconds have passed, the remaining time is not
/// estimated.
const LEAST_DONE: f64 = 0.01;
const LEAST_SECONDS: f64 = 2.0;

/// The clock; tests pass their own.
pub(crate) type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// State of an object in progress.
#[derive(Debug)]
pub(super) struct RunningItem {
    pub(super) number: u64,
    pub(super) kind: String,
    pub(super) name: String,
    /// The number of this part, and the number of parts.
    pub(super) part: Option<(u32, u32)>,
    pub(super) weight: Weight,
    pub(super) started: Instant,
    pub(super) rows: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl RunningItem {
    /// Its name, with the part.
    pub(super) fn label(&self) -> String {
        match self.part {
            None => self.name.clone(),
            Some((part, parts)) => format!("{} (part {part} of {parts})", self.name),
        }
    }

    /// Its title, for people.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.label())
    }

    /// The cost of the completed part.
    pub(super) fn done(&self) -> u64 {
        self.weight.cost_of(self.bytes.load(Ordering::Relaxed))
    }
}

/// State shared by the tracker and its objects.
pub(super) struct PhaseState {
    pub(super) phase: String,
    /// The phase's range of the step, in percent.
    share: (f64, f64),
    context: Context,
    clock: Clock,
    started: Instant,
    /// Of all objects, in progress and ended.
    rows: AtomicU64,
    bytes: AtomicU64,
    /// The bytes whose time is known; never decreases.
    flow: AtomicU64,
    /// Milliseconds since `started`.
    next_report: AtomicU64,
    counts: Mutex<Counts>,
}

struct Counts {
    expected: Weight,
    /// Of all started objects; more than expected if the estimate was too low.
    begun: Weight,
    /// Cost of the ended objects.
    done: u64,
    /// The last reported fraction of the phase, which never decreases.
    fraction: f64,
    /// By number.
    running: BTreeMap<u64, Arc<RunningItem>>,
    totals: Totals,
    rate: Rate,
}

impl PhaseState {
    pub(super) fn new(
        context: &Context,
        phase: &str,
        share: (f64, f64),
        expected: Weight,
        clock: Clock,
    ) -> Self {
        let started = clock();
        let counts = Counts {
            expected,
            begun: Weight::default(),
            done: 0,
            fraction: 0.0,
            running: BTreeMap::new(),
            totals: Totals::default(),
            rate: Rate::new(started),
        };
        Self {
            phase: phase.into(),
            share,
            context: context.clone(),
            clock,
            started,
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            flow: AtomicU64::new(0),
            next_report: AtomicU64::new(0),
            counts: Mutex::new(counts),
        }
    }

    /// Ends the phase: reports its end and returns its summary.
    pub(super) fn finish(&self) -> Summary {
        let seconds = (self.now() - self.started).as_secs_f64();
        let (objects, mut summary) = {
            let mut counts = self.counts();
            counts.fraction = 1.0;
            (counts.totals.objects, counts.totals.summary.clone())
        };
        self.report();
        summary.phases.push(PhaseSummary {
            name: self.phase.clone(),
            objects,
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            seconds,
        });
        summary
    }

    /// The number of the next item of the run.
    pub(super) fn next_item(&self) -> u64 {
        self.context.next_item()
    }

    pub(super) fn now(&self) -> Instant {
        (self.clock)()
    }

    pub(super) fn started(&self, item: &Arc<RunningItem>) {
        let mut counts = self.counts();
        counts.begun = counts.begun.plus(item.weight);
        counts.running.insert(item.number, Arc::clone(item));
        drop(counts);
        self.report_if_due();
    }

    pub(super) fn count(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, item: &RunningItem, summary: ObjectSummary, now: Instant) {
        let mut counts = self.counts();
        counts.running.remove(&item.number);
        counts.done = counts.done.saturating_add(item.weight.cost);
        match item.part {
            None => counts.totals.whole(summary),
            Some((_, parts)) => counts.totals.part(summary, parts, item.started, now),
        }
        drop(counts);
        self.report_if_due();
    }

    pub(super) fn gave_up(&self, item: &RunningItem) {
        let mut counts = self.counts();
        counts.running.remove(&item.number);
        // It may be started again.
        counts.begun.cost = counts.begun.cost.saturating_sub(item.weight.cost);
        counts.begun.bytes = counts.begun.bytes.saturating_sub(item.weight.bytes);
        self.rows.fetch_sub(item.rows.load(Ordering::Relaxed), Ordering::Relaxed);
        self.bytes.fetch_sub(item.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that were moved just now.
    pub(super) fn flowed(&self, bytes: u64) {
        self.flow.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One of all callers reports when it is time; the others go on.
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

    pub(super) fn report(&self) {
        let now = self.now();
        // Held until the newest state has been reported, so that an older one never follows it.
        let mut counts = self.counts();
        let (rows, bytes) = (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let total = counts.expected.at_least(counts.begun);
        let done = counts.running.values().map(|item| item.done()).sum::<u64>() + counts.done;
        if total.cost > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let fraction = done as f64 / total.cost as f64;
            // The end of the phase is reported by `finish`.
            counts.fraction = counts.fraction.max(fraction.min(0.99));
        }
        let fraction = counts.fraction;
        let rate = counts.rate.sample(now, self.flow.load(Ordering::Relaxed));
        let titles = counts.running.values().map(|item| item.title());
        let (from, to) = self.share;
        self.context.progress.update(&Progress {
            phase: self.phase.clone(),
            percent: from + (to - from) * fraction,
            object: counts.running.values().next_back().map(|item| item.title()),
            rows,
            bytes,
            running: titles.take(MOST_RUNNING).collect(),
            bytes_total: (total.bytes > 0).then(|| total.bytes.max(bytes)),
            bytes_per_second: rate,
            seconds_left: seconds_left((now - self.started).as_secs_f64(), fraction, self.share),
        });
    }
}

/// Remaining time of the step: the rest of this phase at its speed so far, plus a proportional estimate for
/// the later phases.
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
