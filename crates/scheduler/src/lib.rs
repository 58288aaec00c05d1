//! Adds the first job of a run, and standalone jobs, when they are due.
//!
//! A schedule is a repeatable job of Bull in Redis: the next run is a delayed job whose id is its time, so
//! that any number of schedulers add it once. The ticks of apalis-cron move it to the waiting list when it
//! is due. Between ticks, the schedule's presence is checked every few seconds: a Redis that was emptied, or
//! comes back empty, gets it back at once.

mod cron_ticks;
mod tick;

use std::time::Duration;

use apalis::prelude::{Monitor, WorkerBuilder};
use apalis_cron::CronScheduler;
use bull_queue::{Connection, Error, Queue};
use shared_steps::Settings;
use shared_steps::jobs::{self, JobSchedule};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use cron_ticks::CronTicks;

use tick::{ScheduledJob, on_tick};

/// How long a tick in progress may take when the program ends.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Runs the schedule until `shutdown` is cancelled.
///
/// A schedule in Redis with another time (an older `SCHEDULE` of this or the Node.js program) is replaced.
///
/// # Errors
/// When Redis does not answer at the start; later outages are waited out.
pub async fn run(
    connection: Connection,
    settings: &Settings,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut monitor = Monitor::new()
        .shutdown_timeout(SHUTDOWN_LIMIT)
        // A late tick (because the process was stopped, or the clock was set) ends apalis-cron's worker; a
        // new one computes its time again.
        .should_restart(|_, _| true);
    // They end when this function does.
    let mut watches = JoinSet::new();
    for job in jobs::ALL {
        let step = job.step();
        let queue = Queue::new(connection.clone(), step.queue);
        let schedule = match job.schedule(settings) {
            JobSchedule::Unmanaged => continue,
            JobSchedule::Off => {
                // It was enabled before.
                for repeatable in queue.repeatables().await? {
                    queue.remove_repeatable(&repeatable.key).await?;
                }
                continue;
            }
            JobSchedule::At(schedule) => schedule,
        };
        let job = ScheduledJob::new(step, schedule, queue, step.job(settings.retry));
        let next = job.ensure_scheduled().await?;
        tracing::info!(
            schedule = schedule.cron,
            "The next {} starts at {}",
            step.label,
            job.local(next)
        );
        let watched = job.clone();
        watches.spawn(async move { watched.watch().await });
        let ticks = CronTicks::new(schedule.parsed.clone());
        monitor = monitor.register(move |_| {
            WorkerBuilder::new(format!("scheduler of {}", step.slug))
                .backend(CronScheduler::new(ticks.clone()))
                .data(job.clone())
                .build(on_tick)
        });
    }
    let ended = monitor
        .run_with_signal(async move {
            shutdown.cancelled().await;
            Ok(())
        })
        .await;
    if let Err(error) = ended {
        tracing::error!("The scheduler did not end cleanly: {error}");
    }
    Ok(())
}
