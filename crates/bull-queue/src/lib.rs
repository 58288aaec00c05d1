#![doc = include_str!("../README.md")]

mod clock;
mod connection;
pub mod cron;
mod error;
mod job;
mod keys;
mod options;
mod outcome;
mod owner;
mod queue;
mod redis_url;
mod repeatable;
mod scripts;
mod sentinel;
mod server;
mod worker;

pub use tokio_util::sync::CancellationToken;

pub use connection::{Connection, connect, connect_to};
pub use error::Error;
pub use job::{
    DEFAULT_JOB_NAME, INTERRUPTED_REASON, Job, JobId, JobOutcome, JobRequest, State, Successor,
};
pub use options::{Backoff, JobOptions, Keep, RepeatOptions, UnknownBackoff};
pub use queue::{Counts, Logs, Queue, QueueEvent, Rights};
pub use redis_url::{RedisUrl, RedisUrlError, Trust};
pub use repeatable::RepeatableJob;
pub use server::Server;
pub use worker::{
    BullBackend, Interrupted, InterruptedPolicy, JobContext, Observer, Unretryable, WorkerEvent,
    WorkerOptions,
};
