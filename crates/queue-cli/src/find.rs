//! Lookup of a job's queue.

use anyhow::bail;
use bull_queue::{Job, Queue};

use crate::context::names;

/// Jobs with their queues, and why others were not found.
pub(crate) type Found<'a> = (Vec<(&'a Queue, Job)>, Vec<anyhow::Error>);

/// The job with `id` on any of `queues`.
///
/// Ids are assigned per queue, so several queues may contain the same one: then the operator has to choose.
pub(crate) async fn job<'a>(queues: &'a [Queue], id: &str) -> anyhow::Result<(&'a Queue, Job)> {
    let mut found = Vec::new();
    for queue in queues {
        if let Some(job) = queue.job(id).await? {
            found.push((queue, job));
        }
    }
    match found.len() {
        0 => bail!("no job {id} on {}", names(queues)),
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<_> =
                found.iter().map(|(queue, _)| format!("--queue \"{}\"", queue.name())).collect();
            bail!("job {id} stands on several queues; choose with {}", names.join(" or "));
        }
    }
}

/// The jobs with `ids`, each found as by [`job`].
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn jobs<'a>(
    queues: &'a [Queue],
    ids: &[String],
) -> Result<Found<'a>, anyhow::Error> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        match job(queues, id).await {
            Ok(job) => found.push(job),
            Err(error) if error.is::<bull_queue::Error>() => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    Ok((found, failures))
}
