//! `log`: appends a line to a job's log.

use serde_json::json;

use crate::context::Context;
use crate::find;

pub(crate) async fn run(context: &Context, id: &str, text: &str) -> anyhow::Result<()> {
    let (queue, job) = find::job(&context.queues, id).await?;
    let count = queue.append_log(&job.id, text).await?;
    if context.output.json {
        let row = json!({ "queue": queue.name(), "id": job.id, "count": count });
        return context.output.json(&json!({ "logged": row }));
    }
    context.output.line(format!("logged to job {} of {}\ncount: {count}", job.id, queue.name()));
    Ok(())
}
