//! `logs`: what a job logged.

use bull_queue::Queue;

use crate::find;
use crate::output::Output;

pub(crate) async fn run(queues: &[Queue], id: &str, output: Output) -> anyhow::Result<()> {
    let (queue, job) = find::job(queues, id).await?;
    let logs = queue.logs(&job.id, 0, -1).await?;
    if output.json {
        return output.json(&logs.lines);
    }
    for line in &logs.lines {
        output.line(line);
    }
    output.line(format!("count: {}", logs.count));
    Ok(())
}
