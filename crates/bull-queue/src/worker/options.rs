//! How a worker behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::event::{Observer, WorkerEvent};

/// What happens to a job that was cut by a crash, a restart or a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InterruptedPolicy {
    /// It goes to `failed` and is never run again on its own.
    #[default]
    Fail,
    /// It is put back in line, as Bull does: once (see [`WorkerOptions::max_stalled`]).
    Retry,
}

/// How a worker behaves. The defaults are Bull's, except where noted.
#[derive(Clone)]
pub struct WorkerOptions {
    /// How many jobs run at once.
    pub concurrency: usize,
    /// How long a lock lives without being renewed.
    pub lock_duration: Duration,
    /// How often a lock is renewed (Bull's `lockRenewTime`); every half of its life when absent.
    pub lock_renewal: Option<Duration>,
    /// How often `active` is looked through for jobs of dead workers.
    pub stalled_interval: Duration,
    /// How long a job must have been without a lock before its worker counts as dead. A living
    /// worker takes its lock again within a second after an outage of Redis. Ours, not Bull's.
    pub stalled_grace: Duration,
    /// How often a job may be put back in line after its worker died.
    pub max_stalled: u32,
    /// What happens to jobs that were cut.
    pub interrupted: InterruptedPolicy,
    /// How often Redis is asked for jobs although it announced none.
    pub guard_interval: Duration,
    /// How long a cancelled job may take to end before it is dropped. Ours, not Bull's.
    pub cancel_grace: Duration,
    /// How long closing waits for Redis. Ours, not Bull's.
    pub close_limit: Duration,
    /// Cancelled when the program shuts down: no new job is taken, running ones are cancelled and
    /// recorded as interrupted, then the worker ends.
    pub shutdown: CancellationToken,
    /// Where the events go.
    pub observer: Arc<dyn Observer>,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 1,
            lock_duration: Duration::from_secs(30),
            lock_renewal: None,
            stalled_interval: Duration::from_secs(30),
            stalled_grace: Duration::from_secs(3),
            max_stalled: 1,
            interrupted: InterruptedPolicy::Fail,
            guard_interval: Duration::from_secs(5),
            cancel_grace: Duration::from_secs(15),
            close_limit: Duration::from_secs(8),
            shutdown: CancellationToken::new(),
            observer: Arc::new(|_: &str, _: &WorkerEvent| {}),
        }
    }
}

impl WorkerOptions {
    /// How often a lock is renewed.
    pub(super) fn lock_renewal(&self) -> Duration {
        self.lock_renewal.unwrap_or(self.lock_duration / 2)
    }
}

impl fmt::Debug for WorkerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerOptions")
            .field("concurrency", &self.concurrency)
            .field("lock_duration", &self.lock_duration)
            .field("interrupted", &self.interrupted)
            .finish_non_exhaustive()
    }
}
