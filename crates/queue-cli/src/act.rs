//! Actions on several jobs.

use anyhow::anyhow;
use bull_queue::{Error, Queue};

use crate::context::Context;
use crate::failure;
use crate::find;

/// An action on jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobAction {
    /// Verb for the confirmation, such as "Retry"; no confirmation if absent.
    pub(crate) ask: Option<&'static str>,
    /// Participle for the result, such as "retried".
    pub(crate) done: &'static str,
}

/// Performs `act` on the jobs with `ids`, after confirmation. A failure for one job does not affect the
/// others; all failures are reported at the end.
pub(crate) async fn on_jobs(
    context: &Context,
    ids: &[String],
    action: JobAction,
    act: impl AsyncFn(&Queue, &str) -> Result<(), Error>,
) -> anyhow::Result<()> {
    let (found, mut failures) = find::jobs(&context.queues, ids).await?;
    if let (Some(ask), false) = (action.ask, found.is_empty()) {
        let jobs: Vec<_> = found
            .iter()
            .map(|(queue, job)| format!("job {} of {}", job.id, queue.name()))
            .collect();
        context.confirm.ask(&format!("{ask} {}", jobs.join(", ")))?;
    }
    let mut done = Vec::new();
    for (queue, job) in found {
        match act(queue, &job.id).await {
            Ok(()) => done.push((queue.name(), job.id.to_string())),
            Err(error) => {
                let away = error.is_unreachable();
                failures.push(anyhow::Error::new(error).context(format!(
                    "job {} of {} was not {}",
                    job.id,
                    queue.name(),
                    action.done
                )));
                if away {
                    break;
                }
            }
        }
    }
    if !done.is_empty() {
        context.output.done(action.done, &done)?;
    }
    all_or_why(failures)
}

/// One error that reports all of `failures`.
fn all_or_why(mut failures: Vec<anyhow::Error>) -> anyhow::Result<()> {
    // The one with a different exit code comes last, and is not changed.
    let Some(last) = failures.pop() else {
        return Ok(());
    };
    if failures.is_empty() {
        return Err(last);
    }
    let texts: Vec<_> = failures.iter().map(failure::text).collect();
    Err(if last.is::<Error>() {
        last.context(texts.join("\n"))
    } else {
        anyhow!("{}\n{}", texts.join("\n"), failure::text(&last))
    })
}
