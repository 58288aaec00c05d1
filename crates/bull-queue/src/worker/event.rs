//! Events that a worker reports to its program.

use std::sync::Arc;

use crate::job::Job;

/// An event of a job, or of the connection, of one queue.
///
/// The program logs these; this crate itself logs nothing above `debug`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WorkerEvent {
    /// An attempt of the job begins.
    Started {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// The job is recorded as completed, and the next job (if any) was added.
    Completed {
        /// The job as it was fetched.
        job: Arc<Job>,
        /// The return value.
        return_value: serde_json::Value,
    },
    /// A failed attempt of the job has been recorded.
    Failed {
        /// The job as it was fetched.
        job: Arc<Job>,
        /// The number of attempts made, including this one.
        made: u32,
        /// The job's maximum number of attempts.
        attempts: u32,
        /// Whether it is now in `failed`; otherwise it is retried.
        last: bool,
        /// The message of the error.
        error: String,
        /// The message with all its causes, as in the job's `stacktrace`.
        stack: String,
    },
    /// The running job was interrupted by the shutdown, and this was recorded: it is in `failed`
    /// ([`INTERRUPTED_REASON`](crate::INTERRUPTED_REASON)), or was returned to the waiting list with
    /// [`InterruptedPolicy::Retry`](crate::InterruptedPolicy::Retry).
    Interrupted {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// Another worker took the job's lock while it ran: it was cancelled, and its outcome is not recorded.
    Lost {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// The job ended or was interrupted while Redis was unreachable, and the worker closed before Redis was
    /// back: nothing is recorded. The next worker finds it in `active`, as interrupted.
    Unrecorded {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// Jobs of dead workers were found in `active` and moved to `failed`. Sent once after the start, with
    /// an empty list if there were none; later only if there are any.
    InterruptedFound {
        /// The jobs in their new state.
        jobs: Vec<Job>,
    },
    /// The job of a dead worker was returned to the waiting list
    /// ([`InterruptedPolicy::Retry`](crate::InterruptedPolicy::Retry)).
    Stalled {
        /// The job in its new state.
        job: Arc<Job>,
    },
    /// Redis fails. Sent once per outage, and again when the error changes; running jobs continue, and
    /// everything is retried until it works.
    Error {
        /// The error of Redis or of the connection.
        error: String,
    },
    /// Redis works again.
    Recovered,
}

/// Receiver of events. A closure `Fn(&str, &WorkerEvent)` is one.
pub trait Observer: Send + Sync {
    /// Called for each event, with the exact name of the queue. Must not block.
    fn on_event(&self, queue: &str, event: &WorkerEvent);
}

impl<F: Fn(&str, &WorkerEvent) + Send + Sync> Observer for F {
    fn on_event(&self, queue: &str, event: &WorkerEvent) {
        self(queue, event);
    }
}
