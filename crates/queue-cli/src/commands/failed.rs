//! `failed`: the jobs that failed, newest first.

use bull_queue::{Job, Queue, State};
use serde_json::json;

use crate::output::{Output, table, time};

/// A longer reason is cut here; `get` shows the whole.
const REASON_LENGTH: usize = 200;

pub(crate) async fn run(queues: &[Queue], limit: usize, output: Output) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for queue in queues {
        for job in newest_failed(queue, limit).await? {
            rows.push((queue.name(), job));
        }
    }
    if output.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(queue, job)| {
                json!({
                    "queue": queue,
                    "id": job.id,
                    "finishedOn": job.finished_on,
                    "attemptsMade": job.attempts_made,
                    "attempts": job.opts.attempts,
                    "failedReason": job.failed_reason,
                })
            })
            .collect();
        return output.json(&rows);
    }
    if rows.is_empty() {
        output.line("No job has failed.");
        return Ok(());
    }
    let mut table = table(["queue", "id", "when", "attempts", "reason"]);
    for (queue, job) in &rows {
        table.add_row([
            (*queue).to_owned(),
            job.id.to_string(),
            time(job.finished_on),
            format!("{}/{}", job.attempts_made, job.opts.attempts),
            shorten(job.failed_reason.as_deref().unwrap_or_default()),
        ]);
    }
    output.line(table);
    output.line("The whole error of one: queue-cli get --queue <queue> <id>; what it did: queue-cli logs --queue <queue> <id>");
    Ok(())
}

/// The failed jobs of `queue`, the last one first.
pub(crate) async fn newest_failed(
    queue: &Queue,
    limit: usize,
) -> Result<Vec<Job>, bull_queue::Error> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    queue.jobs(State::Failed, 0, isize::try_from(limit).unwrap_or(isize::MAX) - 1).await
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(REASON_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
