//! How a step reports progress and learns that it shall stop.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::DatabaseUrl;
use crate::objects::{Board, Weight};

/// How far a step has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Progress {
    /// The phase that runs, such as `restore`.
    pub phase: String,
    /// 0 to 100, of the whole step; never goes back while a step runs.
    pub percent: f64,
    /// The object that was begun last, such as `TABLE DATA public.answers`.
    pub object: Option<String>,
    /// Rows handled in this phase.
    pub rows: u64,
    /// Bytes handled in this phase.
    pub bytes: u64,
    /// The objects in work, eight at the most, those begun first in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<String>,
    /// Bytes that this phase is expected to handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Of the last seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Until the whole step is done, by the speed so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
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
    /// Numbers the objects of a run, whatever phase they are of.
    items: Arc<AtomicU64>,
    /// What the run has opened on servers.
    pub(crate) sessions: Sessions,
}

/// The sessions that a run has opened, by the database; and the programs, by the name that they are seen by.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<Opened>>);

#[derive(Default)]
struct Opened {
    /// URL and number.
    sessions: BTreeSet<(String, i32)>,
    programs: BTreeSet<String>,
}

impl Sessions {
    /// Notes the session with this number.
    pub(crate) fn opened(&self, url: &DatabaseUrl, pid: i32) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .insert((url.to_string(), pid));
    }

    /// Notes a program that opens sessions by this name.
    pub(crate) fn started(&self, application_name: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.programs.insert(application_name.to_owned());
    }

    /// The numbers of the sessions there, and the names of all programs.
    pub(crate) fn of(&self, url: &DatabaseUrl) -> (Vec<i32>, Vec<String>) {
        let url = url.to_string();
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pids = own.sessions.iter().filter(|(its, _)| *its == url).map(|(_, pid)| *pid);
        (pids.collect(), own.programs.iter().cloned().collect())
    }
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

    /// The same for a part of the step that may be cancelled without the rest.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { cancel: self.cancel.child_token(), ..self.clone() }
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

    /// A board for the objects of a phase that takes the step from `share.0` to `share.1` percent.
    /// `expected` is what they take in all; a number is bytes that will be moved.
    pub fn board(&self, phase: &str, share: (f64, f64), expected: impl Into<Weight>) -> Board {
        Board::new(self, phase, share, expected.into(), Arc::new(Instant::now)).keep_reporting()
    }

    /// The number of the next object, from 1.
    pub(crate) fn next_item(&self) -> u64 {
        self.items.fetch_add(1, Ordering::Relaxed) + 1
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
            ..Progress::default()
        });
    }
}

/// The share of a full replication that each phase takes, after the published production run
/// (backup 1 h 27, restore 8 h 51, enrichment 1 h 39).
pub(crate) mod share {
    pub(crate) const BACKUP: (f64, f64) = (0.0, 12.0);
    pub(crate) const DROP: (f64, f64) = (12.0, 13.0);
    pub(crate) const RESTORE: (f64, f64) = (13.0, 86.0);
    pub(crate) const LIVE_SCHEMA: (f64, f64) = (0.0, 1.0);
    pub(crate) const LIVE_DROP: (f64, f64) = (1.0, 2.0);
    pub(crate) const LIVE_COPY: (f64, f64) = (2.0, 86.0);
    pub(crate) const VERIFICATION: (f64, f64) = (86.0, 90.0);
    pub(crate) const ENRICHMENT: (f64, f64) = (90.0, 100.0);
    /// Of the incremental step.
    pub(crate) const UPDATED_VERIFICATION: (f64, f64) = (100.0, 100.0);
    pub(crate) const INCREMENTAL: (f64, f64) = (0.0, 100.0);
}
