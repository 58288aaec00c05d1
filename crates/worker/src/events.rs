//! Log lines of the queues, identical to those of the Node.js program.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bull_queue::{INTERRUPTED_REASON, Job, Observer, WorkerEvent};
use pipeline::Step;
use shared_steps::Settings;

use crate::failures::{Failure, FailureSender};

/// Logs the events of jobs, and passes on permanent failures.
pub(crate) struct Events {
    settings: Arc<Settings>,
    failures: FailureSender,
    interrupted: AtomicBool,
    first_starts: Mutex<HashMap<String, Instant>>,
}

impl Events {
    pub(crate) fn new(settings: Arc<Settings>, failures: FailureSender) -> Self {
        Self {
            settings,
            failures,
            interrupted: AtomicBool::new(false),
            first_starts: Mutex::default(),
        }
    }

    /// Whether a running job was interrupted by the shutdown.
    pub(crate) fn anything_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn failed_for_good(&self, queue: &str, job: &Job, error: &str) {
        if let Ok(step) = Step::from_name(queue) {
            let failure = Failure {
                step,
                job_id: Some(job.id.to_string()),
                run_id: job.run_id.clone(),
                started_on: job.processed_on,
                error: error.to_owned(),
            };
            self.failures.send(failure);
        }
    }

    /// A killed worker leaves its dump behind.
    fn remove_dump(&self, job: &Job) {
        self.settings.dumps.remove(&job.run_id);
    }

    fn note_start(&self, queue: &str, job: &Job) {
        let mut starts = self.first_starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.entry(format!("{queue}:{}", job.id)).or_insert_with(Instant::now);
    }

    fn note_end(&self, queue: &str, job: &Job, last: bool) {
        let mut starts = self.first_starts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{queue}:{}", job.id);
        let first = if last { starts.remove(&key) } else { starts.get(&key).copied() };
        let limit = self.settings.retries_timeout;
        if let Some(since) = first.map(|first| first.elapsed())
            && since > limit
        {
            tracing::warn!(
                queue,
                job_id = %job.id,
                run_id = %job.run_id,
                "The attempts of this job have lasted {} minutes, more than RETRIES_TIMEOUT_MINUTES ({})",
                since.as_secs() / 60,
                limit.as_secs() / 60
            );
        }
    }
}

impl Observer for Events {
    fn on_event(&self, queue: &str, event: &WorkerEvent) {
        let step = Step::from_name(queue).map(|step| step.slug).unwrap_or_default();
        match event {
            WorkerEvent::Started { job } => {
                self.note_start(queue, job);
                tracing::info!(queue, job_id = %job.id, run_id = %job.run_id, step, "Starting job in {queue}: {}", job.id);
            }
            WorkerEvent::Completed { job, .. } => {
                self.note_end(queue, job, true);
                tracing::info!(queue, job_id = %job.id, run_id = %job.run_id, step, "Completed job in {queue}: {}", job.id);
            }
            WorkerEvent::Failed { job, made, attempts, last, error, stack } => {
                self.note_end(queue, job, *last);
                tracing::error!(
                    queue,
                    job_id = %job.id,
                    run_id = %job.run_id, step,
                    stack,
                    "Failed job in {queue}: {} {error} (Number of attempts: {made}/{attempts})",
                    job.id
                );
                if *last {
                    self.failed_for_good(queue, job, error);
                }
            }
            WorkerEvent::Interrupted { job } => {
                self.interrupted.store(true, Ordering::Relaxed);
                self.note_end(queue, job, true);
                tracing::warn!(queue, job_id = %job.id, run_id = %job.run_id, step, "Interrupted job in {queue}: {}", job.id);
                self.remove_dump(job);
                self.failed_for_good(queue, job, INTERRUPTED_REASON);
            }
            // The worker that finds it as interrupted reports the failure.
            WorkerEvent::Unrecorded { job } => {
                self.interrupted.store(true, Ordering::Relaxed);
                tracing::warn!(
                    queue,
                    job_id = %job.id,
                    run_id = %job.run_id, step,
                    "The end of the job in {queue} could not be recorded, as Redis is away: {}; the next \
                     worker moves it to the failed list",
                    job.id
                );
            }
            WorkerEvent::Lost { job } => {
                tracing::error!(
                    queue,
                    job_id = %job.id,
                    run_id = %job.run_id, step,
                    "Lost job in {queue}: {}: its lock went to another worker; it was cancelled here",
                    job.id
                );
            }
            WorkerEvent::InterruptedFound { jobs } if jobs.is_empty() => {
                tracing::info!(
                    queue,
                    step,
                    "No active jobs to be marked as failed for queue {queue}"
                );
            }
            WorkerEvent::InterruptedFound { jobs } => {
                for job in jobs {
                    tracing::error!(
                        queue,
                        job_id = %job.id,
                        run_id = %job.run_id, step,
                        "Failed job in {queue}: {} {INTERRUPTED_REASON} (Number of attempts: {}/{})",
                        job.id,
                        job.attempts_made,
                        job.opts.attempts
                    );
                    self.remove_dump(job);
                    self.failed_for_good(queue, job, INTERRUPTED_REASON);
                }
            }
            WorkerEvent::Stalled { job } => {
                tracing::error!(queue, job_id = %job.id, run_id = %job.run_id, step, "Stalled job in {queue}: {}", job.id);
            }
            WorkerEvent::Error { error } => {
                tracing::error!(queue, step, "Error in {queue}: {error}");
            }
            WorkerEvent::Recovered => tracing::info!(queue, step, "Redis answers again in {queue}"),
            other => tracing::debug!(queue, step, "{other:?}"),
        }
    }
}
