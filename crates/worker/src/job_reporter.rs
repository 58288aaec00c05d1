//! Progress and log lines of a running job, written to Redis.
//!
//! Both are only for observers: an outage of Redis must not delay the step, so a separate task writes them.

use std::sync::Arc;
use std::time::Duration;

use bull_queue::JobContext;
use progress::{Progress, ProgressSink};
use shared_steps::telemetry::LogLines;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Minimum time between two writes of progress.
const PERIOD: Duration = Duration::from_millis(500);

/// How long the end of a job waits for its last lines to be written.
const FINISH_LIMIT: Duration = Duration::from_secs(3);

/// Writes a job's progress and log lines until it is finished.
pub(crate) struct JobReporter {
    progress: Arc<LatestProgress>,
    finished: CancellationToken,
    task: JoinHandle<()>,
}

/// Keeps only the newest progress.
struct LatestProgress(watch::Sender<Option<Progress>>);

impl ProgressSink for LatestProgress {
    fn update(&self, progress: &Progress) {
        self.0.send_replace(Some(progress.clone()));
    }
}

impl JobReporter {
    pub(crate) fn start(job: JobContext, lines: LogLines) -> Self {
        let (sender, receiver) = watch::channel(None);
        let finished = CancellationToken::new();
        let task = tokio::spawn(write(job, lines, receiver, finished.clone()));
        Self { progress: Arc::new(LatestProgress(sender)), finished, task }
    }

    pub(crate) fn progress_sink(&self) -> Arc<dyn ProgressSink> {
        Arc::<LatestProgress>::clone(&self.progress)
    }

    /// Writes what is left, as far as Redis accepts it within a moment.
    pub(crate) async fn finish(self) {
        self.finished.cancel();
        let abort = self.task.abort_handle();
        if tokio::time::timeout(FINISH_LIMIT, self.task).await.is_err() {
            abort.abort();
        }
    }
}

async fn write(
    job: JobContext,
    mut lines: LogLines,
    mut progress: watch::Receiver<Option<Progress>>,
    finished: CancellationToken,
) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            line = lines.next() => match line {
                Some(line) => append(&job, &line).await,
                None => break,
            },
            () = finished.cancelled() => {
                lines.close();
                while let Some(line) = lines.next().await {
                    append(&job, &line).await;
                }
                write_progress(&job, &mut progress).await;
                break;
            }
            _ = tick.tick() => write_progress(&job, &mut progress).await,
        }
    }
}

/// Retried until it succeeds, so that an outage of Redis loses no lines.
async fn append(job: &JobContext, line: &str) {
    while job.append_log(line).await.is_err() {
        tokio::time::sleep(PERIOD).await;
    }
}

async fn write_progress(job: &JobContext, progress: &mut watch::Receiver<Option<Progress>>) {
    if !progress.has_changed().unwrap_or(true) {
        return;
    }
    let latest = progress.borrow_and_update().clone();
    if let Some(latest) = latest
        && let Ok(value) = serde_json::to_value(&latest)
    {
        // A newer one follows soon, so this one is not retried.
        let _ = job.update_progress(&value).await;
    }
}
