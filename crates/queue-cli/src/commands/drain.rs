//! `drain`: removes all waiting jobs.

use serde_json::json;

use crate::context::{Context, names};

pub(crate) async fn run(context: &Context, delayed: bool) -> anyhow::Result<()> {
    let queues = context.named_queues()?;
    let which = if delayed { "every waiting and delayed job" } else { "every waiting job" };
    context.confirm.ask(&format!("Remove {which} of {}", names(queues)))?;
    let mut drained = Vec::new();
    for queue in queues {
        drained.push((queue.name(), queue.drain(delayed).await?));
    }
    if context.output.json {
        let rows: Vec<_> = drained
            .iter()
            .map(|(queue, removed)| json!({ "queue": queue, "removed": removed }))
            .collect();
        return context.output.json(&json!({ "drained": rows }));
    }
    for (queue, removed) in drained {
        context.output.line(format!("drained {queue}, removed: {removed}"));
    }
    Ok(())
}
