//! `rm`: removes jobs.

use crate::act::{JobAction, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let action = JobAction { ask: Some("Remove"), done: "removed" };
    on_jobs(context, ids, action, async |queue, id| queue.remove(id).await).await
}
