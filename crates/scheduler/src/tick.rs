//! What a tick does.

use std::time::Duration;

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::Tick;
use bull_queue::{Error, JobRequest, Queue, RepeatOptions, RepeatableJob, State};
use chrono::Utc;

/// How long is waited before a tick that met an outage of Redis is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// A job that is added again and again, such as the one that begins a night, and when.
#[derive(Debug, Clone)]
pub(crate) struct Scheduled {
    pub(crate) queue: Queue,
    pub(crate) repeat: RepeatOptions,
    pub(crate) request: JobRequest,
}

impl Scheduled {
    /// Makes the schedule stand in Redis as configured, and nothing else beside it.
    pub(crate) async fn ensure_scheduled(&self) -> Result<RepeatableJob, Error> {
        self.queue.upsert_repeatable(&self.request, &self.repeat).await
    }

    /// Whether a night is in line or runs: the next one is scheduled when it starts. Scheduling it
    /// now would let nights pile up while no worker takes them.
    async fn is_in_line(&self) -> Result<bool, Error> {
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
        if !self.is_in_line().await? {
            self.ensure_scheduled().await?;
        }
        Ok(())
    }
}

/// Brings the night that is due into the line, and sees to it that the next one is scheduled.
///
/// A worker does both as well; this is for the time when none runs, so that the night stands in the
/// line when one starts.
pub(crate) async fn on_tick(tick: Tick, job: Data<Scheduled>) -> Result<(), BoxDynError> {
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
