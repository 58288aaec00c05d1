//! Notifies those who asked for it (`"on": "failure"`) that a run has failed.
//!
//! It happens beside the queues: a webhook that is slow or down must not hold up a job.

use std::sync::Arc;
use std::time::Duration;

use bull_queue::Connection;
use chrono::Utc;
use pipeline::Step;
use progress::Context;
use shared_steps::Settings;
use shared_steps::jobs::notification::{self, Status, StepReport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::run_report;

/// How long the end of the program waits for the last notifications.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// A job that has failed permanently.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    /// `None` if no job failed, but one is overdue.
    pub(crate) job_id: Option<String>,
    pub(crate) run_id: String,
    /// Milliseconds since the epoch.
    pub(crate) started_on: Option<u64>,
    pub(crate) error: String,
}

/// Receives failures.
#[derive(Debug, Clone)]
pub(crate) struct FailureSender(mpsc::UnboundedSender<Failure>);

impl FailureSender {
    pub(crate) fn send(&self, failure: Failure) {
        let _ = self.0.send(failure);
    }
}

/// Sends notifications of failures, one after the other.
pub(crate) struct FailureNotifier {
    sender: FailureSender,
    task: JoinHandle<()>,
    stop: mpsc::Sender<()>,
}

impl FailureNotifier {
    pub(crate) fn start(settings: Arc<Settings>, connection: Connection) -> Self {
        let (sender, mut failures) = mpsc::unbounded_channel();
        let (stop, mut stopped) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    failure = failures.recv() => match failure {
                        Some(failure) => notify(&settings, &connection, failure).await,
                        None => break,
                    },
                    _ = stopped.recv() => break,
                }
            }
        });
        Self { sender: FailureSender(sender), task, stop }
    }

    pub(crate) fn sender(&self) -> FailureSender {
        self.sender.clone()
    }

    /// Delivers the remaining ones, as far as that takes only a moment.
    pub(crate) async fn finish(self) {
        let _ = self.stop.send(()).await;
        let abort = self.task.abort_handle();
        if tokio::time::timeout(FINISH_LIMIT, self.task).await.is_err() {
            abort.abort();
        }
    }
}

async fn notify(settings: &Settings, connection: &Connection, failure: Failure) {
    let span = tracing::info_span!(
        "failure",
        queue = failure.step.queue,
        job_id = failure.job_id,
        run_id = failure.run_id,
        step = failure.step.slug
    );
    async {
        let mut report = run_report::so_far(connection, &failure.run_id, failure.step).await;
        let seconds = run_report::time(failure.started_on)
            .map_or(0.0, |start| (Utc::now() - start).as_seconds_f64());
        report.status = Status::Failure;
        report.error = Some(failure.error);
        report.steps.push(StepReport {
            step: failure.step.slug.into(),
            queue: failure.step.queue.into(),
            job_id: failure.job_id,
            status: Status::Failure,
            seconds,
            rows: 0,
            bytes: 0,
            phases: Vec::new(),
            drift: None,
        });
        let context = Context::quiet();
        if let Err(error) =
            notification::notify_failure(&settings.notifications, &report, &context).await
        {
            tracing::error!("The failure could not be notified: {error}");
        }
    }
    .instrument(span)
    .await;
}
