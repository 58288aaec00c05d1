//! Puts a night's first job on its queue when its time has come.
//!
//! What is scheduled stands in Redis, as a repeatable job of Bull's: the next night is a delayed job
//! whose id is its time, so that any number of schedulers add it once. The ticks of apalis-cron
//! bring it into the line at its time, and put it back if somebody has removed it.

mod night_schedule;
mod tick;

use std::time::Duration;

use apalis::prelude::{Monitor, WorkerBuilder};
use apalis_cron::CronScheduler;
use bull_queue::{Connection, Error, Queue, RepeatOptions};
use chrono::DateTime;
use shared_steps::{Settings, Step};
use tokio_util::sync::CancellationToken;

pub use night_schedule::NightSchedule;

use tick::{Night, on_tick};

/// How long a tick in progress may take when the program ends.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Schedules until `shutdown` is cancelled.
///
/// A schedule that stands in Redis with another time (an older `SCHEDULE`, ours or of the Node.js
/// program) is replaced.
///
/// # Errors
/// When Redis does not answer at the start; later outages are waited out.
pub async fn run(
    connection: Connection,
    settings: &Settings,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let night = Night {
        queue: Queue::new(connection, Step::FullReplication.queue()),
        repeat: RepeatOptions::cron(&settings.schedule.cron, settings.schedule.time_zone),
        request: Step::FullReplication.job(settings.retry),
    };
    let next = night.ensure_scheduled().await?;
    if let Some(next) = i64::try_from(next.next).ok().and_then(DateTime::from_timestamp_millis) {
        tracing::info!(
            schedule = settings.schedule.cron,
            "The next night starts at {}",
            next.with_timezone(&settings.schedule.parsed.zone()).format("%Y-%m-%d %H:%M %Z")
        );
    }
    let schedule = NightSchedule::new(settings.schedule.parsed.clone());
    let monitor = Monitor::new()
        .shutdown_timeout(SHUTDOWN_LIMIT)
        // A tick that is late (the process was stopped, the clock was set) ends apalis-cron's
        // worker; the next one computes its time anew.
        .should_restart(|_, _| true)
        .register(move |_| {
            WorkerBuilder::new("scheduler")
                .backend(CronScheduler::new(schedule.clone()))
                .data(night.clone())
                .build(on_tick)
        });
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
