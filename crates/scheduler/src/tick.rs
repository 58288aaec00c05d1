//! A scheduled job: what happens at a tick, and between two of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::Tick;
use bull_queue::{Error, JobRequest, Queue, RepeatOptions, State};
use chrono::{DateTime, Utc};
use pipeline::Step;
use shared_steps::config::ScheduleSettings;

/// Pause before a tick that failed because of an outage of Redis is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// How often the presence of the schedule in Redis is checked.
const CHECK_PERIOD: Duration = Duration::from_secs(5);

/// A job that is added repeatedly, such as the first one of a run, and when.
#[derive(Debug, Clone)]
pub(crate) struct ScheduledJob {
    pub(crate) step: Step,
    pub(crate) schedule: ScheduleSettings,
    pub(crate) queue: Queue,
    pub(crate) request: JobRequest,
    /// When it runs next, as far as known: ms since the epoch.
    known: Arc<AtomicU64>,
}

/// A schedule that was lost and restored.
#[derive(Debug, PartialEq, Eq)]
struct Restored {
    /// When it runs next: ms since the epoch.
    next: u64,
    /// When it should have run in the meantime.
    missed: Option<u64>,
}

impl ScheduledJob {
    /// The job of `step`, at the times of `schedule`.
    pub(crate) fn new(
        step: Step,
        schedule: &ScheduleSettings,
        queue: Queue,
        request: JobRequest,
    ) -> Self {
        Self { step, schedule: schedule.clone(), queue, request, known: Arc::default() }
    }

    /// Makes the schedule in Redis the configured one, and the only one. Returns when it runs next.
    pub(crate) async fn ensure_scheduled(&self) -> Result<u64, Error> {
        let repeat = RepeatOptions::cron(&self.schedule.cron, self.schedule.time_zone);
        let next = self.queue.upsert_repeatable(&self.request, &repeat).await?.next;
        self.known.store(next, Ordering::Relaxed);
        Ok(next)
    }

    /// Checks periodically whether the schedule is still in Redis, and restores it.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(CHECK_PERIOD).await;
            match self.restore_if_lost().await {
                Ok(restored) => self.log_restored(restored.as_ref()),
                // The queue reports outages if a worker is running.
                Err(error) => tracing::debug!("Error in {}: {error}", self.queue.name()),
            }
        }
    }

    /// Restores the schedule if Redis has lost it.
    async fn restore_if_lost(&self) -> Result<Option<Restored>, Error> {
        let standing = self.queue.repeatables().await?;
        // A schedule with another time belongs to another scheduler, which is being replaced or replaces
        // this one.
        let ours = standing.iter().filter(|repeatable| repeatable.name == self.request.name);
        if let Some(next) = ours.map(|repeatable| repeatable.next).min() {
            self.known.store(next, Ordering::Relaxed);
            return Ok(None);
        }
        let lost = self.known.load(Ordering::Relaxed);
        let runs = self.is_queued().await?;
        let next = self.ensure_scheduled().await?;
        let missed = (lost < next && !runs).then_some(lost);
        Ok(Some(Restored { next, missed }))
    }

    /// Logs that the schedule was lost, and what was missed by that.
    fn log_restored(&self, restored: Option<&Restored>) {
        let Some(Restored { next, missed }) = restored else { return };
        let (queue, step, label) = (self.queue.name(), self.step.slug, self.step.label);
        tracing::warn!(
            queue,
            step,
            "The schedule of the {label} was missing in Redis and is put back: Redis was emptied or has lost \
             its data, and with it the jobs that waited. The next {label} starts at {}",
            self.local(*next)
        );
        if let Some(missed) = missed {
            tracing::error!(
                queue,
                step,
                "The {label} of {} was missed because Redis had lost the schedule; `restart {step}` makes \
                 up for it",
                self.local(*missed)
            );
        }
    }

    /// A time in the schedule's time zone.
    pub(crate) fn local(&self, milliseconds: u64) -> String {
        let time = i64::try_from(milliseconds).ok().and_then(DateTime::from_timestamp_millis);
        let zone = self.schedule.parsed.zone();
        time.map(|time| time.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string())
            .unwrap_or_default()
    }

    /// Whether a job of the schedule is waiting or running: the next one is scheduled when it starts.
    /// Scheduling it now would let runs pile up while there is no worker.
    async fn is_queued(&self) -> Result<bool, Error> {
        for state in [State::Waiting, State::Paused, State::Active] {
            let ids = self.queue.ids(state, 0, -1).await?;
            if ids.iter().any(|id| id.starts_with("repeat:")) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn tick(&self) -> Result<(), Error> {
        let now = u64::try_from(Utc::now().timestamp_millis()).unwrap_or_default();
        self.queue.promote_due(now).await?;
        self.log_restored(self.restore_if_lost().await?.as_ref());
        if !self.is_queued().await? {
            self.ensure_scheduled().await?;
        }
        Ok(())
    }
}

/// Moves the job that is due to the waiting list, and schedules the next one if that is missing.
///
/// A worker does both as well; this is for the time when there is none, so that the job is waiting when
/// one starts.
pub(crate) async fn on_tick(tick: Tick, job: Data<ScheduledJob>) -> Result<(), BoxDynError> {
    loop {
        match job.tick().await {
            Ok(()) => {
                tracing::debug!("Tick {}", tick.get_timestamp());
                return Ok(());
            }
            Err(error) => {
                tracing::error!("Error in {}: {error}", job.queue.name());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bull_queue::cron::CronSchedule;
    use test_servers::RedisServer;

    use super::*;

    #[tokio::test]
    async fn a_redis_that_was_emptied_gets_the_schedule_back() {
        let redis = RedisServer::start().unwrap();
        let connection = bull_queue::connect(&redis.url()).await.unwrap();
        let queue = Queue::new(connection.clone(), Step::FULL_REPLICATION.queue);
        let schedule = ScheduleSettings {
            cron: "10 5 * * *".into(),
            time_zone: "Europe/Paris",
            parsed: CronSchedule::parse("10 5 * * *").unwrap(),
        };
        let job =
            ScheduledJob::new(Step::FULL_REPLICATION, &schedule, queue, JobRequest::default());
        let next = job.ensure_scheduled().await.unwrap();
        assert_eq!(job.restore_if_lost().await.unwrap(), None);
        let empty = async || {
            let mut manager = connection.manager();
            redis::cmd("FLUSHALL").query_async::<()>(&mut manager).await.unwrap();
        };

        empty().await;
        let restored = job.restore_if_lost().await.unwrap();
        assert_eq!(restored, Some(Restored { next, missed: None }));
        assert_eq!(job.queue.counts().await.unwrap().delayed, 1);

        // As if its time had passed in the meantime.
        empty().await;
        job.known.store(1000, Ordering::Relaxed);
        let restored = job.restore_if_lost().await.unwrap();
        assert_eq!(restored, Some(Restored { next, missed: Some(1000) }));
        assert_eq!(job.restore_if_lost().await.unwrap(), None);
    }
}
