//! `get`: everything known of a job.

use bull_queue::{Job, Queue};
use serde_json::{Value, json};

use crate::find;
use crate::output::{Output, table, time};

pub(crate) async fn run(queues: &[Queue], id: &str, output: Output) -> anyhow::Result<()> {
    let (queue, job) = find::job(queues, id).await?;
    if output.json {
        return output.json(&as_json(queue, &job));
    }
    let mut table = table(["", ""]);
    table.add_row(["queue", queue.name()]);
    table.add_row(["id", &job.id]);
    table.add_row(["run", &job.run_id]);
    table.add_row(["data", &job.data.to_string()]);
    table.add_row(["added", &time(Some(job.timestamp))]);
    table.add_row(["started", &time(job.processed_on)]);
    table.add_row(["ended", &time(job.finished_on)]);
    table.add_row(["failed attempts", &format!("{}/{}", job.attempts_made, job.opts.attempts)]);
    table.add_row(["progress", &pretty(job.progress.as_ref())]);
    table.add_row(["returned", &pretty(job.return_value.as_ref())]);
    table.add_row(["failed", job.failed_reason.as_deref().unwrap_or_default()]);
    output.line(table);
    for (attempt, stack) in job.stacktrace.iter().enumerate() {
        output.line(format!("\nerror {} of {}:\n{stack}", attempt + 1, job.stacktrace.len()));
    }
    Ok(())
}

fn as_json(queue: &Queue, job: &Job) -> Value {
    json!({
        "queue": queue.name(),
        "id": job.id,
        "runId": job.run_id,
        "name": job.name,
        "data": job.data,
        "timestamp": job.timestamp,
        "delay": job.delay,
        "processedOn": job.processed_on,
        "finishedOn": job.finished_on,
        "attemptsMade": job.attempts_made,
        "attempts": job.opts.attempts,
        "progress": job.progress,
        "returnvalue": job.return_value,
        "failedReason": job.failed_reason,
        "stacktrace": job.stacktrace,
    })
}

fn pretty(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}
