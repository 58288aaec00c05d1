//! A handler's context, and errors with a meaning for the queue.

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

/// The running job. A handler receives it as an argument: `async fn handle(data: Value, context:
/// JobContext) -> Result<JobOutcome, MyError>`.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The job as it was fetched.
    pub job: Arc<Job>,
    /// Its queue, for progress and log lines.
    pub queue: Queue,
    /// Cancelled when the job must stop: shutdown, timeout, lost lock. A handler that stops because of it
    /// returns [`Interrupted`].
    pub cancel: CancellationToken,
    pub(super) discarded: Arc<AtomicBool>,
}

impl JobContext {
    /// Prevents further attempts if this one fails, whatever the job's `attempts`.
    pub fn discard(&self) {
        self.discarded.store(true, Ordering::SeqCst);
    }

    /// Writes and publishes the job's progress.
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

/// A handler returns this error, alone or as the source of another, if it stopped because it was cancelled:
/// the attempt does not count, and the job is recorded as interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{INTERRUPTED_REASON}")]
pub struct Interrupted;

/// A handler wraps an error in this if another attempt cannot succeed: the job moves to `failed` although
/// it has attempts left. The message is that of the wrapped error.
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
