//! Jobs: requests, their representation in Redis, and their outcome.

mod id;
mod read;
mod state;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use id::JobId;
pub use state::State;

use crate::options::JobOptions;

/// The name Bull gives to a job without one.
pub const DEFAULT_JOB_NAME: &str = "__default__";

/// The reason in `failed` of a job that was interrupted by a restart or a crash.
pub const INTERRUPTED_REASON: &str = "Move interrupted job in failed queue";

/// A job to be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRequest {
    /// Its name; [`DEFAULT_JOB_NAME`] unless a queue has several kinds of jobs.
    pub name: String,
    /// Its argument, any JSON.
    pub data: Value,
    /// Its options.
    pub options: JobOptions,
    /// The run it belongs to; a run of its own if absent.
    pub run_id: Option<String>,
}

impl JobRequest {
    /// A job without a name.
    #[must_use]
    pub fn new(data: Value, options: JobOptions) -> Self {
        Self { name: DEFAULT_JOB_NAME.into(), data, options, run_id: None }
    }
}

impl Default for JobRequest {
    fn default() -> Self {
        Self::new(Value::Object(serde_json::Map::new()), JobOptions::default())
    }
}

/// A job as stored in Redis. Times are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Its argument; the raw text if it is not JSON (see [`Job::malformed`]).
    pub data: Value,
    /// Its options.
    pub opts: JobOptions,
    /// When it was added.
    pub timestamp: u64,
    /// The delay before its first attempt.
    pub delay: u64,
    /// Its priority, 0 for none.
    pub priority: u64,
    /// When its latest attempt began.
    pub processed_on: Option<u64>,
    /// When it completed or failed.
    pub finished_on: Option<u64>,
    /// When an operator last retried it.
    pub retried_on: Option<u64>,
    /// The number of attempts that have ended.
    pub attempts_made: u32,
    /// Why it failed: the message of the latest error.
    pub failed_reason: Option<String>,
    /// One text per failed attempt, with the causes of its error.
    pub stacktrace: Vec<String>,
    /// Its return value.
    pub return_value: Option<Value>,
    /// Its progress, in any form that the job reports.
    pub progress: Option<Value>,
    /// How often it was returned to the waiting list after a worker died (`INTERRUPTED_JOBS=retry`).
    pub stalled_counter: u32,
    /// The run it belongs to.
    pub run_id: String,
    /// Why it cannot be run: its data or options are not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
}

/// Result of a handler: the return value, and the next job, which is added in the same atomic step that
/// records this one as completed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobOutcome {
    /// Stored with the job, and passed to those that wait for it.
    pub return_value: Value,
    /// The next job.
    pub successor: Option<Successor>,
}

impl JobOutcome {
    /// An outcome without a next job.
    #[must_use]
    pub fn new(return_value: Value) -> Self {
        Self { return_value, successor: None }
    }

    /// The same, followed by `request` in `queue`.
    #[must_use]
    pub fn followed_by(mut self, queue: impl Into<String>, request: JobRequest) -> Self {
        self.successor = Some(Successor { queue: queue.into(), request });
        self
    }
}

/// A job that is added when the one before it completes, and inherits its run id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Successor {
    /// The exact name of the queue it is added to, on the same Redis.
    pub queue: String,
    /// The job.
    pub request: JobRequest,
}
