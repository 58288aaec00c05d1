//! `promote`: moves delayed jobs to the waiting list.

use crate::act::{JobAction, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let action = JobAction { ask: None, done: "promoted" };
    on_jobs(context, ids, action, async |queue, id| queue.promote(id).await).await
}
