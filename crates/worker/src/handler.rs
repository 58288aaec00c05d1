//! Handler of a queue: runs a job, and names the next one.

use std::sync::Arc;

use apalis::prelude::{BoxDynError, Data};
use bull_queue::{Connection, Interrupted, JobContext, JobOutcome};
use pipeline::human;
use progress::{Context, ObjectSummary, Summary};
use serde_json::Value;
use shared_steps::jobs::{Attempt, Job};
use shared_steps::telemetry::JobLogs;
use shared_steps::{Settings, StepError};
use tracing::Instrument;

use crate::job_reporter::JobReporter;
use crate::run_report;

/// Number of slow objects in the log; the job's return value has more.
const MOST_NAMED: usize = 3;

/// What runs the jobs of one queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueHandler {
    pub(crate) job: &'static dyn Job,
    pub(crate) settings: Arc<Settings>,
    pub(crate) connection: Connection,
    pub(crate) job_logs: JobLogs,
}

/// Runs the job's step; its success adds the next step of the run.
pub(crate) async fn handle(
    _data: Value,
    context: JobContext,
    handler: Data<QueueHandler>,
) -> Result<JobOutcome, BoxDynError> {
    let step = handler.job.step();
    let span = tracing::info_span!(
        "job",
        queue = step.queue,
        job_id = %context.job.id,
        run_id = %context.job.run_id,
        step = step.slug,
    );
    let result = run(&context, &handler).instrument(span).await;
    match result {
        Ok(summary) => {
            let outcome = JobOutcome::new(serde_json::to_value(&summary)?);
            Ok(match step.next() {
                Some(next) => outcome.followed_by(next.queue, next.job(handler.settings.retry)),
                None => outcome,
            })
        }
        Err(StepError::Interrupted) => Err(Interrupted.into()),
        Err(error) => Err(error.into()),
    }
}

async fn run(job: &JobContext, handler: &QueueHandler) -> Result<Summary, StepError> {
    let step = handler.job.step();
    let reporter =
        JobReporter::start(job.clone(), handler.job_logs.collect(step.queue, &job.job.id));
    let context = Context::new(job.cancel.clone(), reporter.progress_sink());
    let attempt = Attempt {
        run_id: job.job.run_id.clone(),
        is_last: job.job.attempts_made + 1 >= job.job.opts.attempts,
    };
    let report = Box::pin(run_report::so_far(&handler.connection, &job.job.run_id, step));
    let result = handler.job.run(&handler.settings, &attempt, report, &context).await;
    match &result {
        Ok(summary) => log_summary(summary),
        // The queue logs the failure after it has been recorded; this line is for the job's own log.
        Err(error) => tracing::warn!("The step did not succeed: {error}"),
    }
    reporter.finish().await;
    result
}

fn log_summary(summary: &Summary) {
    let total = summary.total().seconds;
    for phase in &summary.phases {
        tracing::info!(
            phase = phase.name,
            objects = phase.objects,
            rows = phase.rows,
            bytes = phase.bytes,
            seconds = phase.seconds,
            "Phase {} took {} of {}",
            phase.name,
            human::duration(phase.seconds),
            human::duration(total),
        );
    }
    let slowest: Vec<_> = summary.slowest.iter().take(MOST_NAMED).map(took).collect();
    if !slowest.is_empty() {
        tracing::info!("Slowest objects: {}", slowest.join(", "));
    }
}

fn took(object: &ObjectSummary) -> String {
    format!("{} {} {}", object.kind, object.name, human::duration(object.seconds))
}
