//! `pause` and `resume`.

use bull_queue::Queue;

use crate::context::Context;

pub(crate) async fn run(context: &Context, pause: bool) -> anyhow::Result<()> {
    let queues = context.named_queues()?;
    for queue in queues {
        if pause {
            queue.pause().await?;
        } else {
            queue.resume().await?;
        }
    }
    let names: Vec<_> = queues.iter().map(Queue::name).collect();
    context.output.done_to_queues(if pause { "paused" } else { "resumed" }, &names)
}
