//! What a tick does.

use std::time::Duration;

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::Tick;
use bull_queue::{Error, JobRequest, Queue, RepeatOptions};
use chrono::{DateTime, Utc};

/// How long is waited before a tick that met an outage of Redis is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// The job that begins a night, and when.
#[derive(Debug, Clone)]
pub(crate) struct Night {
    pub(crate) queue: Queue,
    pub(crate) repeat: RepeatOptions,
    pub(crate) request: JobRequest,
}

impl Night {
    /// Makes the schedule stand in Redis as configured, and nothing else beside it.
    pub(crate) async fn ensure_scheduled(&self) -> Result<DateTime<Utc>, Error> {
        self.queue.upsert_repeatable(&self.request, &self.repeat, Utc::now()).await
    }
}

/// Brings the night that is due into the line, and sees to it that the next one is scheduled.
///
/// A worker does both as well; this is for the time when none runs, so that the night stands in the
/// line when one starts.
pub(crate) async fn on_tick(tick: Tick, night: Data<Night>) -> Result<(), BoxDynError> {
    loop {
        let done = async {
            night.queue.promote_due(Utc::now()).await?;
            night.ensure_scheduled().await
        };
        match done.await {
            Ok(_) => {
                tracing::debug!("Tick {}", tick.get_timestamp());
                return Ok(());
            }
            Err(error) => {
                tracing::error!("Error in {}: {error}", night.queue.name());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
