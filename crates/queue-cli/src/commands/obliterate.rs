//! `obliterate`: removes a queue with everything in it.

use bull_queue::Queue;

use crate::context::{Context, names};

pub(crate) async fn run(context: &Context, force: bool) -> anyhow::Result<()> {
    let queues = context.named_queues()?;
    let question =
        format!("Remove {} with all jobs, logs and repeatable jobs for ever", names(queues));
    context.confirm.ask(&question)?;
    for queue in queues {
        queue.obliterate(force).await?;
    }
    let names: Vec<_> = queues.iter().map(Queue::name).collect();
    context.output.done_to_queues("obliterated", &names)
}
