//! A job as bull-repl shows it, so that the operators' jq filters go on working.

use bull_queue::Job;
use serde_json::{Value, json};

use crate::output::iso;

/// The fields of bull-repl, and after them those that only we have.
pub(crate) fn job_json(queue: &str, job: &Job) -> Value {
    json!({
        "id": job.id,
        "data": job.data,
        "timestamp": iso(Some(job.timestamp)),
        "processedOn": iso(job.processed_on),
        "finishedOn": iso(job.finished_on),
        "name": job.name,
        "failedReason": job.failed_reason,
        "stackTrace": job.stacktrace,
        "returnValue": job.return_value,
        "attemptsMade": job.attempts_made,
        "delay": job.delay,
        "progress": job.progress,
        "queue": queue,
        "attempts": job.opts.attempts,
        "priority": job.priority,
        "runId": job.run_id,
    })
}
