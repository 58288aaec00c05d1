//! What a job is.

use async_trait::async_trait;
use bull_queue::Queue;
use futures_util::future::BoxFuture;
use pg_replicate::Check;
use pipeline::Step;
use progress::{Context, Summary};

use super::notification::report::RunReport;
use crate::config::schedule::ScheduleSettings;
use crate::{Settings, StepError};

/// The attempt and the run of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// One run of the pipeline, from the first job to the last.
    pub run_id: String,
    /// No other attempt follows if this one fails: what was kept for it can be removed.
    pub is_last: bool,
}

impl Attempt {
    /// A step run by hand has one attempt.
    #[must_use]
    pub fn only(run_id: impl Into<String>) -> Self {
        Self { run_id: run_id.into(), is_last: true }
    }
}

/// When jobs are added by themselves.
#[derive(Debug)]
pub enum JobSchedule<'a> {
    /// A schedule that the queue has may be another program's, and is left alone.
    Unmanaged,
    /// Never: a schedule that the queue still has is removed.
    Off,
    /// At these times.
    At(&'a ScheduleSettings),
}

impl<'a> From<Option<&'a ScheduleSettings>> for JobSchedule<'a> {
    fn from(schedule: Option<&'a ScheduleSettings>) -> Self {
        schedule.map_or(Self::Off, Self::At)
    }
}

/// A job: what the worker, the scheduler, `worker --check` and `run` have to know of it.
#[async_trait]
pub trait Job: std::fmt::Debug + Sync {
    /// Its queue and names.
    fn step(&self) -> Step;

    /// When it is added by itself. By default it follows another job, or is added on demand only.
    fn schedule<'a>(&self, _settings: &'a Settings) -> JobSchedule<'a> {
        JobSchedule::Unmanaged
    }

    /// Whether a worker takes its jobs.
    ///
    /// # Errors
    /// Which variable is missing.
    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str>;

    /// Its part of `worker --check`, which changes nothing. Only called when it is enabled.
    async fn check(&self, _settings: &Settings) -> Vec<Check> {
        Vec::new()
    }

    /// Runs it. `report` says what the run did before; it is read when it is awaited.
    ///
    /// # Errors
    /// Why it did not succeed; [`StepError::Interrupted`] when it was cancelled.
    async fn run(
        &self,
        settings: &Settings,
        attempt: &Attempt,
        report: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError>;

    /// Watches `queue` while a worker runs, and calls `alert` with what is wrong although no job failed. It
    /// is dropped when the worker stops.
    async fn watch(&self, _settings: &Settings, _queue: &Queue, _alert: &(dyn Fn(String) + Sync)) {}
}
