//! `logs`: shows a job's log.

use crate::context::Context;
use crate::find;

pub(crate) async fn run(
    context: &Context,
    id: &str,
    start: isize,
    end: isize,
) -> anyhow::Result<()> {
    let (queue, job) = find::job(&context.queues, id).await?;
    let logs = queue.logs(&job.id, start, end).await?;
    if context.output.json {
        return context.output.json(&logs.lines);
    }
    for line in &logs.lines {
        context.output.line(line);
    }
    context.output.line(format!("count: {}", logs.count));
    Ok(())
}
