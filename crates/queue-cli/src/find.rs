//! The queue a job is meant to stand on.

use anyhow::bail;
use bull_queue::{Job, Queue};

/// The one job with `id` on any of `queues`.
///
/// Ids count per queue, so the same one may stand on several: then the operator has to choose.
pub(crate) async fn job<'a>(queues: &'a [Queue], id: &str) -> anyhow::Result<(&'a Queue, Job)> {
    let mut found = Vec::new();
    for queue in queues {
        if let Some(job) = queue.job(id).await? {
            found.push((queue, job));
        }
    }
    match found.len() {
        0 => {
            let names: Vec<_> = queues.iter().map(Queue::name).collect();
            bail!("no job {id} on {}", names.join(", "));
        }
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<_> =
                found.iter().map(|(queue, _)| format!("--queue \"{}\"", queue.name())).collect();
            bail!("job {id} stands on several queues; choose with {}", names.join(" or "));
        }
    }
}
