//! Jobs: what is asked for, what stands in Redis, how one ends.

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

/// The reason that a job has in `failed` after it was cut by a restart or a crash.
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
    /// The run (night) it belongs to; one of its own when absent.
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

/// A job as it stands in Redis. Times are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Its argument; the text as it was found when it is no JSON (see [`Job::malformed`]).
    pub data: Value,
    /// Its options.
    pub opts: JobOptions,
    /// When it was added.
    pub timestamp: u64,
    /// How long it was to wait before its first try.
    pub delay: u64,
    /// Its priority, 0 for none.
    pub priority: u64,
    /// When its latest try began.
    pub processed_on: Option<u64>,
    /// When it completed or failed.
    pub finished_on: Option<u64>,
    /// When an operator last asked for one more try.
    pub retried_on: Option<u64>,
    /// How many tries have ended.
    pub attempts_made: u32,
    /// Why it failed: the message of the latest error.
    pub failed_reason: Option<String>,
    /// One text per failed try, with the causes of its error.
    pub stacktrace: Vec<String>,
    /// What it answered.
    pub return_value: Option<Value>,
    /// How far it is, in whatever shape the job reports it.
    pub progress: Option<Value>,
    /// How often it was put back after a worker died (`INTERRUPTED_JOBS=retry`).
    pub stalled_counter: u32,
    /// The run (night) it belongs to.
    pub run_id: String,
    /// Why it cannot be run: its data or options are no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
}

/// What a handler answers: the return value, and the job that follows, which is added in the same
/// atomic step that records this one as completed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobOutcome {
    /// Kept with the job, and handed to those who wait for it.
    pub return_value: Value,
    /// The job that follows.
    pub successor: Option<Successor>,
}

impl JobOutcome {
    /// An outcome without a successor.
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

/// A job that is added when its predecessor completes. It inherits the predecessor's run id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Successor {
    /// The exact name of the queue it is added to, on the same Redis.
    pub queue: String,
    /// The job.
    pub request: JobRequest,
}
