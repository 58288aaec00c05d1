//! `clean`: removes jobs that ended, or were added, longer ago than a period.

use bull_queue::State;

use crate::context::{Context, names};
use crate::period::{self, Period};

pub(crate) async fn run(
    context: &Context,
    period: Period,
    state: State,
    limit: Option<usize>,
) -> anyhow::Result<()> {
    let queues = context.named_queues()?;
    let most = limit.map_or_else(String::new, |limit| format!("at most {limit} "));
    let age = period::text(period);
    let question = format!("Remove {most}{state} jobs older than {age} of {}", names(queues));
    context.confirm.ask(&question)?;
    let mut removed = Vec::new();
    for queue in queues {
        let ids = queue.clean(period, state, limit).await?;
        removed.extend(ids.into_iter().map(|id| (queue.name(), id.to_string())));
    }
    context.output.done("removed", &removed)
}
