//! `retry-failed`: runs the newest failed jobs again.

use bull_queue::State;

use crate::context::{Context, names};

pub(crate) async fn run(context: &Context, number: usize) -> anyhow::Result<()> {
    let mut failed = 0;
    for queue in &context.queues {
        let there = queue.counts().await?.of(State::Failed);
        failed += usize::try_from(there).unwrap_or(usize::MAX).min(number);
    }
    if failed > 0 {
        let question = format!("Retry {failed} failed jobs of {}", names(&context.queues));
        context.confirm.ask(&question)?;
    }
    let mut retried = Vec::new();
    for queue in &context.queues {
        let ids = queue.retry_failed(number).await?;
        retried.extend(ids.into_iter().map(|id| (queue.name(), id.to_string())));
    }
    context.output.done("retried", &retried)
}
