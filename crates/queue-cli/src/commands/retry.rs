//! `retry`: failed jobs run once more.

use crate::act::{Deed, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let deed = Deed { ask: Some("Retry"), done: "retried" };
    on_jobs(context, ids, deed, async |queue, id| queue.retry(id).await).await
}
