//! `retry`: runs failed jobs again.

use crate::act::{JobAction, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let action = JobAction { ask: Some("Retry"), done: "retried" };
    on_jobs(context, ids, action, async |queue, id| queue.retry(id).await).await
}
