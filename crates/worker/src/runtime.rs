//! Runtime of the program `worker`: workers, scheduler and shutdown.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{Monitor, WorkerBuilder};
use bull_queue::{BullBackend, Queue, WorkerOptions};
use chrono::Utc;
use shared_steps::jobs::{self, Job};
use shared_steps::telemetry::JobLogs;
use shared_steps::{Settings, redis_check};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::events::Events;
use crate::failures::{Failure, FailureNotifier, FailureSender};
use crate::handler::{QueueHandler, handle};

/// A platform kills 30 s after SIGTERM; whatever has not ended by then is left to the next start.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(27);

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Stopped while no job was running.
    Idle,
    /// Stopped while a job was running, which is recorded as interrupted.
    Interrupted,
}

/// Runs the jobs of the four queues, those of configured standalone queues, and optionally the schedule,
/// until `shutdown` is cancelled.
///
/// # Errors
/// When Redis cannot be reached at the start; later outages are waited out.
pub async fn run(
    settings: Settings,
    with_scheduler: bool,
    job_logs: JobLogs,
    shutdown: CancellationToken,
) -> Result<Ended, bull_queue::Error> {
    let connection = bull_queue::connect_to(&settings.redis_url).await?;
    redis_check::warn(&connection).await;
    let settings = Arc::new(settings);
    let failures = FailureNotifier::start(Arc::clone(&settings), connection.clone());
    let events = Arc::new(Events::new(Arc::clone(&settings), failures.sender()));

    let mut monitor = Monitor::new().shutdown_timeout(SHUTDOWN_LIMIT).should_restart(|_, error| {
        tracing::error!("A worker ended and is started again: {error}");
        true
    });
    // They end when this function does.
    let mut watches = JoinSet::new();
    for job in jobs::enabled(&settings) {
        let step = job.step();
        let queue = Queue::new(connection.clone(), step.queue);
        let options = WorkerOptions {
            interrupted: settings.interrupted,
            shutdown: shutdown.clone(),
            observer: Arc::<Events>::clone(&events),
            ..WorkerOptions::default()
        };
        let handler = QueueHandler {
            job,
            settings: Arc::clone(&settings),
            connection: connection.clone(),
            job_logs: job_logs.clone(),
        };
        watches.spawn(watch(job, Arc::clone(&settings), queue.clone(), failures.sender()));
        monitor = monitor.register(move |_| {
            WorkerBuilder::new(step.slug)
                .backend(BullBackend::new(queue.clone(), options.clone()))
                .data(handler.clone())
                .build(handle)
        });
    }
    let scheduler = async {
        if with_scheduler {
            scheduler::run(connection.clone(), &settings, shutdown.clone()).await
        } else {
            shutdown.cancelled().await;
            Ok(())
        }
    };
    let workers = async {
        let signal = shutdown.clone();
        let ended = monitor
            .run_with_signal(async move {
                signal.cancelled().await;
                Ok(())
            })
            .await;
        if let Err(error) = ended {
            tracing::error!("The workers did not end cleanly: {error}");
        }
        // Without workers, there is nothing left to schedule.
        shutdown.cancel();
    };
    let (scheduled, ()) = tokio::join!(scheduler, workers);
    watches.shutdown().await;
    failures.finish().await;
    scheduled?;
    Ok(if events.anything_interrupted() { Ended::Interrupted } else { Ended::Idle })
}

/// Reports what the job's watch finds as a failure without a job.
async fn watch(
    job: &'static dyn Job,
    settings: Arc<Settings>,
    queue: Queue,
    failures: FailureSender,
) {
    let alert = |error| {
        failures.send(Failure {
            step: job.step(),
            job_id: None,
            run_id: format!("{}-overdue", Utc::now().timestamp_millis()),
            started_on: None,
            error,
        });
    };
    job.watch(&settings, &queue, &alert).await;
}
