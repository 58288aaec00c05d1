#![doc = include_str!("../README.md")]

mod clock;
mod connection;
pub mod cron;
mod ending;
mod error;
mod job;
mod keys;
mod options;
mod owner;
mod queue;
mod redis_url;
mod repeatable;
mod scripts;
mod sentinel;
mod worker;

pub use tokio_util::sync::CancellationToken;

pub use connection::{Connection, connect};
pub use error::Error;
pub use job::{
    DEFAULT_JOB_NAME, INTERRUPTED_REASON, Job, JobId, JobOutcome, JobRequest, State, Successor,
};
pub use options::{Backoff, JobOptions, Keep, RepeatOptions, UnknownBackoff};
pub use queue::{Counts, Logs, Queue, QueueEvent};
pub use redis_url::{RedisUrl, RedisUrlError};
pub use repeatable::RepeatableJob;
pub use worker::{
    BullBackend, Interrupted, InterruptedPolicy, JobContext, Observer, Unretryable, WorkerEvent,
    WorkerOptions,
};
