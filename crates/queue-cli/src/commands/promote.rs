//! `promote`: delayed jobs need not wait any more.

use crate::act::{Deed, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let deed = Deed { ask: None, done: "promoted" };
    on_jobs(context, ids, deed, async |queue, id| queue.promote(id).await).await
}
