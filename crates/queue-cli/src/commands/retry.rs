//! `retry` and `retry-failed`: failed jobs run once more.

use anyhow::{Context, bail};
use bull_queue::Queue;
use serde_json::json;

use super::failed::newest_failed;
use crate::find;
use crate::output::Output;

pub(crate) async fn run(queues: &[Queue], ids: &[String], output: Output) -> anyhow::Result<()> {
    let mut failures = Vec::new();
    let mut retried = Vec::new();
    for id in ids {
        let outcome = async {
            let (queue, job) = find::job(queues, id).await?;
            queue
                .retry(&job.id)
                .await
                .with_context(|| format!("job {id} of {} was not retried", queue.name()))?;
            anyhow::Ok(queue)
        };
        match outcome.await {
            Ok(queue) => retried.push((queue.name(), id.clone())),
            Err(error) => failures.push(error),
        }
    }
    report(&retried, output)?;
    match failures.len() {
        0 => Ok(()),
        1 => Err(failures.remove(0)),
        _ => {
            let texts: Vec<_> = failures.iter().map(|error| format!("{error:#}")).collect();
            bail!(texts.join("\n"))
        }
    }
}

pub(crate) async fn all(queues: &[Queue], number: usize, output: Output) -> anyhow::Result<()> {
    let mut retried = Vec::new();
    for queue in queues {
        for job in newest_failed(queue, number).await? {
            queue.retry(&job.id).await?;
            retried.push((queue.name(), job.id.to_string()));
        }
    }
    report(&retried, output)
}

fn report(retried: &[(&str, String)], output: Output) -> anyhow::Result<()> {
    if output.json {
        let rows: Vec<_> =
            retried.iter().map(|(queue, id)| json!({ "queue": queue, "id": id })).collect();
        return output.json(&json!({ "retried": rows }));
    }
    for (queue, id) in retried {
        output.line(format!("retried job {id} of {queue}"));
    }
    output.line(format!("count: {}", retried.len()));
    Ok(())
}
