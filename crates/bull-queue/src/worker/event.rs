//! What a worker tells the program it runs in.

use std::sync::Arc;

use crate::job::Job;

/// Something that happened to a job, or to the connection, of one queue.
///
/// The program logs these; this crate logs nothing above `debug` itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WorkerEvent {
    /// A try of the job begins.
    Started {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// The job is recorded as completed, its successor (if any) is added.
    Completed {
        /// The job as it was fetched.
        job: Arc<Job>,
        /// What it answered.
        return_value: serde_json::Value,
    },
    /// A try of the job failed, and that is recorded.
    Failed {
        /// The job as it was fetched.
        job: Arc<Job>,
        /// How many tries have been made, this one included.
        made: u32,
        /// How many tries the job has.
        attempts: u32,
        /// Whether it stands in `failed` now; otherwise it is tried again.
        last: bool,
        /// The message of the error.
        error: String,
        /// The message with all its causes, as it stands in the job's `stacktrace`.
        stack: String,
    },
    /// The running job was cut by the shutdown. It is recorded: in `failed`
    /// ([`INTERRUPTED_REASON`](crate::INTERRUPTED_REASON)), or put back in line with
    /// [`InterruptedPolicy::Retry`](crate::InterruptedPolicy::Retry).
    Interrupted {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// The job's lock went to somebody else while it ran: it was cancelled, and what it ended with
    /// is not recorded.
    Lost {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// The job ended, or was cut, while Redis was away, and the worker closed before it was back:
    /// nothing is recorded. The next worker finds it in `active`, as one that was cut.
    Unrecorded {
        /// The job as it was fetched.
        job: Arc<Job>,
    },
    /// Jobs of dead workers were found in `active` and moved to `failed`. Sent once, with an empty
    /// list when there were none, after the start; later only when there are some.
    InterruptedFound {
        /// The jobs, as they stand now.
        jobs: Vec<Job>,
    },
    /// The job of a dead worker was put back in line
    /// ([`InterruptedPolicy::Retry`](crate::InterruptedPolicy::Retry)).
    Stalled {
        /// The job as it stands now.
        job: Arc<Job>,
    },
    /// Redis does not do what it should. Sent once per outage, and again when the error changes;
    /// running jobs go on, and everything is tried again until it works.
    Error {
        /// What Redis or the connection said.
        error: String,
    },
    /// Redis does what it should again.
    Recovered,
}

/// Where the events go. A closure `Fn(&str, &WorkerEvent)` is one.
pub trait Observer: Send + Sync {
    /// Called for each event, with the exact name of the queue. It must not block.
    fn on_event(&self, queue: &str, event: &WorkerEvent);
}

impl<F: Fn(&str, &WorkerEvent) + Send + Sync> Observer for F {
    fn on_event(&self, queue: &str, event: &WorkerEvent) {
        self(queue, event);
    }
}
