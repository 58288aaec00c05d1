//! What a handler gets beside the job's data, and the errors that mean something to the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use apalis_core::task::data::MissingDataError;
use apalis_core::task::from_request::FromRequest;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::job::{INTERRUPTED_REASON, Job};
use crate::queue::Queue;

/// The running job. A handler takes it as an argument:
/// `async fn handle(data: Value, context: JobContext) -> Result<JobOutcome, MyError>`.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The job as it was fetched.
    pub job: Arc<Job>,
    /// Its queue, for progress and log lines.
    pub queue: Queue,
    /// Cancelled when the job must stop: shutdown, time-out, lock lost. A handler that stops for it
    /// returns [`Interrupted`].
    pub cancel: CancellationToken,
    pub(super) discarded: Arc<AtomicBool>,
}

impl JobContext {
    /// Lets the job not be tried again should this try fail, whatever its `attempts`.
    pub fn discard(&self) {
        self.discarded.store(true, Ordering::SeqCst);
    }

    /// Writes how far the job is, and tells those who listen.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn update_progress(&self, progress: &Value) -> Result<(), Error> {
        self.queue.update_progress(&self.job.id, progress).await
    }

    /// Appends a line to the job's log.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn append_log(&self, line: &str) -> Result<u64, Error> {
        self.queue.append_log(&self.job.id, line).await
    }
}

impl FromRequest<Task<Value>> for JobContext {
    type Error = MissingDataError;

    async fn from_request(task: &Task<Value>) -> Result<Self, Self::Error> {
        task.data().get_checked().cloned()
    }
}

/// A handler returns this, alone or as a source of its error, when it stopped because it was
/// cancelled: the try does not count, and the job is recorded as interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{INTERRUPTED_REASON}")]
pub struct Interrupted;

/// A handler wraps an error in this when another try cannot help: the job goes to `failed` although
/// it has tries left. Its message is that of the error.
#[derive(Debug)]
pub struct Unretryable(pub BoxDynError);

impl std::fmt::Display for Unretryable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unretryable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
