//! `active`, `waiting`, `completed`, `failed`, `delayed`: list the jobs of one state.

use bull_queue::{Job, State};
use serde_json::{Value, json};

use crate::cli::List;
use crate::context::Context;
use crate::job_json::job_json;
use crate::jq;
use crate::output::{iso, plain, shorten, table, time};
use crate::period::milliseconds;
use crate::progress;

/// Longer text is truncated; `get` shows all of it.
const TEXT_LENGTH: usize = 200;

/// A job, its queue, and when it is due if it is delayed.
type Row<'a> = (&'a str, Job, Option<u64>);

pub(crate) async fn run(context: &Context, state: State, which: &List) -> anyhow::Result<()> {
    let since = which.time_ago.map(|ago| now_ms().saturating_sub(milliseconds(ago)));
    let (start, end) = (index(which.start), index(which.end));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for queue in &context.queues {
        let mut jobs = Vec::new();
        // The list is requested backwards, and an end before the start would wrap around.
        if start <= end {
            jobs = queue.jobs(state, start, end).await?;
            // As in Bull: a job in a paused queue is still waiting.
            if state == State::Waiting {
                jobs.extend(queue.jobs(State::Paused, start, end).await?);
            }
        }
        let jobs = jobs.into_iter().filter(|job| since.is_none_or(|since| job.timestamp >= since));
        let jobs: Vec<Job> = jobs.collect();
        let due = match state {
            State::Delayed => {
                let ids: Vec<_> = jobs.iter().map(|job| job.id.clone()).collect();
                queue.due(&ids).await?
            }
            _ => vec![None; jobs.len()],
        };
        rows.extend(jobs.into_iter().zip(due).map(|(job, due)| (queue.name(), job, due)));
    }
    if let Some(query) = &which.query {
        return queried(context, query, &as_json(state, &rows));
    }
    if context.output.json {
        return context.output.json(&as_json(state, &rows));
    }
    if !rows.is_empty() {
        context.output.line(as_table(state, &rows));
    }
    context.output.line(format!("count: {}", rows.len()));
    if state == State::Failed && !rows.is_empty() {
        context.output.line(
            "The whole error of one: queue-cli get --queue <queue> <id>; \
             what it did: queue-cli logs --queue <queue> <id>",
        );
    }
    Ok(())
}

/// As in bull-repl: the filter receives `{"root": [jobs]}`, and a `root` in its result is unwrapped.
fn queried(context: &Context, query: &str, jobs: &[Value]) -> anyhow::Result<()> {
    for answer in jq::run(query, &json!({ "root": jobs }))? {
        let answer = match answer {
            Value::Object(mut fields) if fields.contains_key("root") => {
                fields.remove("root").unwrap_or_default()
            }
            other => other,
        };
        context.output.json(&answer)?;
        if let (Value::Array(items), false) = (&answer, context.output.json) {
            context.output.line(format!("count: {}", items.len()));
        }
    }
    Ok(())
}

fn as_json(state: State, rows: &[Row<'_>]) -> Vec<Value> {
    let one = |(queue, job, due): &Row<'_>| {
        let mut json = job_json(queue, job);
        if state == State::Delayed {
            json["due"] = iso(*due);
        }
        json
    };
    rows.iter().map(one).collect()
}

fn as_table(state: State, rows: &[Row<'_>]) -> comfy_table::Table {
    let (when, what) = match state {
        State::Waiting | State::Paused => ("added", "data"),
        State::Delayed => ("due", "data, or the last error"),
        State::Active => ("started", "progress"),
        State::Completed => ("ended", "returned"),
        State::Failed => ("when", "reason"),
    };
    let mut table = table(["queue", "id", when, "attempts", what]);
    for (queue, job, due) in rows {
        let when = match state {
            State::Waiting | State::Paused => Some(job.timestamp),
            State::Delayed => *due,
            State::Active => job.processed_on,
            State::Completed | State::Failed => job.finished_on,
        };
        let what = match state {
            State::Waiting | State::Paused => job.data.to_string(),
            State::Delayed => job.failed_reason.clone().unwrap_or_else(|| job.data.to_string()),
            State::Active => progress::text(job.progress.as_ref()),
            State::Completed => plain(job.return_value.as_ref()),
            State::Failed => job.failed_reason.clone().unwrap_or_default(),
        };
        table.add_row([
            (*queue).to_owned(),
            job.id.to_string(),
            time(when),
            format!("{}/{}", job.attempts_made, job.opts.attempts),
            shorten(&what, TEXT_LENGTH),
        ]);
    }
    table
}

fn index(number: u32) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX - 1)
}

fn now_ms() -> u64 {
    u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or(0)
}
