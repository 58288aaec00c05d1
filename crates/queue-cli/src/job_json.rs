//! A job in bull-repl's JSON format, so that operators' jq filters keep working.

use bull_queue::Job;
use serde_json::{Value, json};

use crate::output::iso;

/// The fields of bull-repl, followed by additional ones.
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
