//! What happens to a job: its step is run, and the next one named.

use std::sync::Arc;

use apalis::prelude::{BoxDynError, Data};
use bull_queue::{Connection, Interrupted, JobContext, JobOutcome};
use pipeline::{Step, human};
use progress::{Context, ObjectSummary, Summary};
use serde_json::Value;
use shared_steps::steps::{self, Attempt};
use shared_steps::telemetry::JobLogs;
use shared_steps::{Settings, StepError};
use tracing::Instrument;

use crate::job_reporter::JobReporter;
use crate::night;

/// Slow objects in the log; the job's return value has more.
const MOST_NAMED: usize = 3;

/// What the jobs of one queue need.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) step: Step,
    pub(crate) settings: Arc<Settings>,
    pub(crate) connection: Connection,
    pub(crate) job_logs: JobLogs,
}

/// Runs the job's step; its success adds the next step of the night.
pub(crate) async fn handle(
    _data: Value,
    context: JobContext,
    work: Data<Work>,
) -> Result<JobOutcome, BoxDynError> {
    let span = tracing::info_span!(
        "job",
        queue = work.step.queue,
        job_id = %context.job.id,
        run_id = %context.job.run_id,
        step = work.step.slug,
    );
    let result = run(&context, &work).instrument(span).await;
    match result {
        Ok(summary) => {
            let outcome = JobOutcome::new(serde_json::to_value(&summary)?);
            Ok(match work.step.next() {
                Some(next) => outcome.followed_by(next.queue, next.job(work.settings.retry)),
                None => outcome,
            })
        }
        Err(StepError::Interrupted) => Err(Interrupted.into()),
        Err(error) => Err(error.into()),
    }
}

async fn run(job: &JobContext, work: &Work) -> Result<Summary, StepError> {
    let reporter =
        JobReporter::start(job.clone(), work.job_logs.collect(work.step.queue, &job.job.id));
    let context = Context::new(job.cancel.clone(), reporter.progress_sink());
    let attempt = Attempt {
        run_id: job.job.run_id.clone(),
        is_last: job.job.attempts_made + 1 >= job.job.opts.attempts,
    };
    let report = async || night::so_far(&work.connection, &job.job.run_id, work.step).await;
    let result = steps::run(work.step, &work.settings, &attempt, report, &context).await;
    match &result {
        Ok(summary) => log_summary(summary),
        // The queue logs the failure once it is recorded; this line is for the job's own log.
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
