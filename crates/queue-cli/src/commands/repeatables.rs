//! `repeatables`: lists and removes repeatable jobs.

use anyhow::anyhow;
use bull_queue::{Queue, RepeatableJob};
use serde_json::json;

use crate::cli::RepeatablesAction;
use crate::context::{Context, names};
use crate::output::{iso, table, time};

type Row<'a> = (&'a Queue, RepeatableJob);

pub(crate) async fn run(
    context: &Context,
    action: Option<RepeatablesAction>,
) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for queue in &context.queues {
        rows.extend(queue.repeatables().await?.into_iter().map(|job| (queue, job)));
    }
    match action {
        None => list(context, &rows),
        Some(RepeatablesAction::Rm { keys }) => remove(context, rows, &keys).await,
    }
}

fn list(context: &Context, rows: &[Row<'_>]) -> anyhow::Result<()> {
    if context.output.json {
        let rows: Vec<_> = rows.iter().map(|(queue, job)| as_json(queue, job)).collect();
        return context.output.json(&rows);
    }
    if !rows.is_empty() {
        let mut table = table(["queue", "name", "when", "time zone", "next", "key"]);
        for (queue, job) in rows {
            let every = job.every.map(|every| format!("every {every} ms"));
            table.add_row([
                queue.name(),
                &job.name,
                &job.cron.clone().or(every).unwrap_or_default(),
                job.tz.as_deref().unwrap_or_default(),
                &time(Some(job.next)),
                &job.key,
            ]);
        }
        context.output.line(table);
    }
    context.output.line(format!("count: {}", rows.len()));
    Ok(())
}

fn as_json(queue: &Queue, job: &RepeatableJob) -> serde_json::Value {
    json!({
        "queue": queue.name(),
        "key": job.key,
        "name": job.name,
        "id": job.id,
        "endDate": iso(job.end_date),
        "tz": job.tz,
        "cron": job.cron,
        "every": job.every,
        "next": iso(Some(job.next)),
    })
}

async fn remove(context: &Context, rows: Vec<Row<'_>>, keys: &[String]) -> anyhow::Result<()> {
    let missing: Vec<_> =
        keys.iter().filter(|key| !rows.iter().any(|(_, job)| job.key == **key)).collect();
    let chosen: Vec<Row<'_>> =
        rows.into_iter().filter(|(_, job)| keys.contains(&job.key)).collect();
    if !chosen.is_empty() {
        let jobs: Vec<_> =
            chosen.iter().map(|(queue, job)| format!("{} of {}", job.key, queue.name())).collect();
        context.confirm.ask(&format!("Remove the repeatable job {}", jobs.join(", ")))?;
    }
    let mut removed = Vec::new();
    for (queue, job) in chosen {
        if queue.remove_repeatable(&job.key).await? {
            removed.push((queue.name(), job.key));
        }
    }
    if !removed.is_empty() {
        context.output.done("removed", &removed)?;
    }
    match missing.as_slice() {
        [] => Ok(()),
        keys => Err(anyhow!(
            "no repeatable job {} on {}; `repeatables` shows the keys",
            keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", "),
            names(&context.queues)
        )),
    }
}
