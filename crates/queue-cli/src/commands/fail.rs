//! `fail`: a job moves to the failed ones.

use crate::act::{JobAction, on_jobs};
use crate::context::Context;

pub(crate) async fn run(context: &Context, id: &str, reason: &str) -> anyhow::Result<()> {
    let action = JobAction { ask: None, done: "failed" };
    let act = async |queue: &bull_queue::Queue, id: &str| queue.fail_by_hand(id, reason).await;
    on_jobs(context, &[id.to_owned()], action, act).await
}
