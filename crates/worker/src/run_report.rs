//! What a run did so far, read from the queues.
//!
//! A job's return value is its summary, and every job of a run carries the same run id: nothing
//! else has to be kept.

use bull_queue::{Connection, Job, Queue, State};
use chrono::{DateTime, Utc};
use pipeline::Step;
use progress::Summary;
use shared_steps::jobs::notification::{RunReport, Status, StepReport};

/// How far back the run's jobs are looked for on each queue.
const NEWEST: isize = 100;

/// The steps of `run_id` that completed before `step`, as a successful run.
pub(crate) async fn so_far(connection: &Connection, run_id: &str, step: Step) -> RunReport {
    let mut steps = Vec::new();
    let mut started_at = None;
    for earlier in step.before() {
        let queue = Queue::new(connection.clone(), earlier.queue);
        let jobs = match queue.jobs(State::Completed, 0, NEWEST - 1).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!("The report lacks what {} did: {error}", earlier.queue);
                continue;
            }
        };
        if let Some(job) = jobs.into_iter().find(|job| job.run_id == run_id) {
            started_at = started_at.or_else(|| time(job.processed_on));
            steps.push(completed(earlier, &job));
        }
    }
    let finished_at = Utc::now();
    let started_at = started_at.unwrap_or(finished_at);
    RunReport {
        run_id: run_id.to_owned(),
        status: Status::Success,
        started_at,
        finished_at,
        duration_seconds: (finished_at - started_at).as_seconds_f64(),
        steps,
        error: None,
    }
}

fn completed(step: Step, job: &Job) -> StepReport {
    let summary: Summary = job
        .return_value
        .clone()
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default();
    StepReport {
        step: step.slug.into(),
        queue: step.queue.into(),
        job_id: Some(job.id.to_string()),
        status: Status::Success,
        seconds: seconds_between(job.processed_on, job.finished_on),
        rows: summary.phases.iter().map(|phase| phase.rows).sum(),
        bytes: summary.phases.iter().map(|phase| phase.bytes).sum(),
        phases: summary.phases,
        drift: summary.drift.map(|drift| *drift),
    }
}

/// A time that Redis stores in milliseconds.
pub(crate) fn time(milliseconds: Option<u64>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(milliseconds?).ok()?)
}

fn seconds_between(start: Option<u64>, end: Option<u64>) -> f64 {
    match (time(start), time(end)) {
        (Some(start), Some(end)) => (end - start).as_seconds_f64(),
        _ => 0.0,
    }
}
