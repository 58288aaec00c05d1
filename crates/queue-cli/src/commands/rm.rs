//! `rm`: removes jobs.

use crate::act::{Deed, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, ids: &[String]) -> anyhow::Result<()> {
    let deed = Deed { ask: Some("Remove"), done: "removed" };
    on_jobs(context, ids, deed, async |queue, id| queue.remove(id).await).await
}
