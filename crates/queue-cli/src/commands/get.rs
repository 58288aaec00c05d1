//! `get`: shows all details of jobs.

use anyhow::anyhow;
use bull_queue::{Job, Queue};

use crate::context::Context;
use crate::failure;
use crate::find;
use crate::job_json::job_json;
use crate::output::{Output, bare_table, plain, time};

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let (found, failures) = find::jobs(&context.queues, ids).await?;
    if context.output.json {
        let jobs: Vec<_> = found.iter().map(|(queue, job)| job_json(queue.name(), job)).collect();
        match jobs.as_slice() {
            [job] if ids.len() == 1 => context.output.json(job)?,
            [] if ids.len() == 1 => {}
            jobs => context.output.json(&jobs)?,
        }
    } else {
        for (queue, job) in &found {
            show(queue, job, context.output);
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let texts: Vec<_> = failures.iter().map(failure::text).collect();
    Err(anyhow!(texts.join("\n")))
}

fn show(queue: &Queue, job: &Job, output: Output) {
    let mut table = bare_table();
    table.add_row(["queue", queue.name()]);
    table.add_row(["id", &job.id]);
    table.add_row(["run", &job.run_id]);
    table.add_row(["name", &job.name]);
    table.add_row(["data", &job.data.to_string()]);
    table.add_row(["added", &time(Some(job.timestamp))]);
    table.add_row(["started", &time(job.processed_on)]);
    table.add_row(["ended", &time(job.finished_on)]);
    table.add_row(["attempts", &format!("{}/{}", job.attempts_made, job.opts.attempts)]);
    table.add_row(["delay", &format!("{} ms", job.delay)]);
    table.add_row(["progress", &plain(job.progress.as_ref())]);
    table.add_row(["returned", &plain(job.return_value.as_ref())]);
    table.add_row(["failed", job.failed_reason.as_deref().unwrap_or_default()]);
    if let Some(malformed) = &job.malformed {
        table.add_row(["cannot run", malformed]);
    }
    output.line(table);
    for (attempt, stack) in job.stacktrace.iter().enumerate() {
        output.line(format!("\nerror {} of {}:\n{stack}", attempt + 1, job.stacktrace.len()));
    }
}
