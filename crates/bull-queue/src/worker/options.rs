//! Options of a worker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::event::{Observer, WorkerEvent};

/// What to do with a job interrupted by a crash, a restart or a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InterruptedPolicy {
    /// It moves to `failed` and is never started again automatically.
    #[default]
    Fail,
    /// It is returned to the waiting list, as in Bull: once (see [`WorkerOptions::max_stalled`]).
    Retry,
}

/// Options of a worker. The defaults are Bull's, except where noted.
#[derive(Clone)]
pub struct WorkerOptions {
    /// The number of jobs that may run at the same time.
    pub concurrency: usize,
    /// The lifetime of a lock without renewal.
    pub lock_duration: Duration,
    /// The interval of lock renewals (Bull's `lockRenewTime`); half of a lock's lifetime if absent.
    pub lock_renewal: Option<Duration>,
    /// The interval at which `active` is searched for jobs of dead workers.
    pub stalled_interval: Duration,
    /// How long a job must have been without a lock before its worker is considered dead. A live worker
    /// takes its lock again within a second after an outage of Redis. Not an option of Bull.
    pub stalled_grace: Duration,
    /// How often a job may be returned to the waiting list after its worker died.
    pub max_stalled: u32,
    /// What to do with interrupted jobs.
    pub interrupted: InterruptedPolicy,
    /// The interval at which Redis is polled for jobs that were not announced.
    pub guard_interval: Duration,
    /// How long a cancelled job may take to end before it is dropped. Not an option of Bull.
    pub cancel_grace: Duration,
    /// How long closing waits for Redis. Not an option of Bull.
    pub close_limit: Duration,
    /// Cancelled when the program shuts down: no new job is fetched, running jobs are cancelled and
    /// recorded as interrupted, then the worker ends.
    pub shutdown: CancellationToken,
    /// Receives the events.
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
    /// The interval of lock renewals.
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
