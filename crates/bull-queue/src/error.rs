//! Errors of queues, written for the person on call.

use redis::RedisError;

use crate::cron::ScheduleError;
use crate::job::{JobId, State};

/// Why a queue did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL of Redis cannot be used.
    #[error("the Redis URL cannot be used: {0}")]
    Url(crate::redis_url::RedisUrlError),
    /// Redis cannot be reached.
    #[error("Redis at {url} could not be reached: {source}; {}", advice(source))]
    Unreachable {
        /// The URL, without its password.
        url: String,
        /// The connection's error.
        source: RedisError,
    },
    /// Redis answered with an error.
    #[error("Redis at {url} refused to {action} ({queue}): {source}")]
    Refused {
        /// The URL, without its password.
        url: String,
        /// What was attempted.
        action: &'static str,
        /// The queue.
        queue: String,
        /// Redis's error.
        source: RedisError,
    },
    /// The server is part of a Redis Cluster.
    #[error(
        "Redis at {url} is part of a Redis Cluster, whose servers each hold a part of the keys; the \
         queues need one that holds all of them: set REDIS_URL to a single server (cluster-enabled \
         no), or to the sentinels of one"
    )]
    Cluster {
        /// The URL, without its password.
        url: String,
    },
    /// There is no such job.
    #[error("{queue} has no job {id}: it was never added, or it was removed")]
    NoSuchJob {
        /// The queue.
        queue: String,
        /// The job.
        id: JobId,
    },
    /// The job is being run by a worker.
    #[error(
        "job {id} of {queue} is being run by a worker: it cannot be {action} before it \
         ends, or before the lock of a dead worker has expired (30 s)"
    )]
    Locked {
        /// The queue.
        queue: String,
        /// The job.
        id: JobId,
        /// The requested action, such as `removed`.
        action: &'static str,
    },
    /// The job is in a different state than the operation requires.
    #[error("job {id} of {queue} is not {wanted}, so it cannot be {action}")]
    NotInState {
        /// The queue.
        queue: String,
        /// The job.
        id: JobId,
        /// The required state.
        wanted: State,
        /// The requested action, such as `retried`.
        action: &'static str,
    },
    /// Jobs are being run by workers.
    #[error(
        "{queue} cannot be removed: {active} of its jobs are active; wait until they have ended, \
         stop the workers, or force it"
    )]
    Busy {
        /// The queue.
        queue: String,
        /// How many jobs are active.
        active: u64,
    },
    /// A custom id that is the name of one of the queue's own keys.
    #[error("a job of {queue} cannot have the id {id:?}: Bull uses this name for the queue itself")]
    ReservedId {
        /// The queue.
        queue: String,
        /// The id asked for.
        id: JobId,
    },
    /// The schedule of a repeatable job is wrong.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Other schedulers kept changing the queue's repeatable jobs.
    #[error(
        "the repeatable jobs of {queue} kept changing: check whether several schedulers have different schedules"
    )]
    Contended {
        /// The queue.
        queue: String,
    },
}

/// Advice for a failed connection.
fn advice(source: &RedisError) -> &'static str {
    if source.to_string().contains("invalid peer certificate") {
        "its certificate is not signed by an authority that is trusted: name that authority's \
         certificate in REDIS_TLS_CA_FILE, which replaces the system's authorities"
    } else {
        "check that REDIS_URL is right and that the server runs"
    }
}

impl Error {
    /// Whether Redis could not be reached, as opposed to having refused.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
