//! `complete`: a job moves to the completed ones.

use crate::act::{JobAction, on_jobs};
use crate::context::Context;
use crate::output::parse_json;

pub(crate) async fn run(context: &Context, id: &str, value: &str) -> anyhow::Result<()> {
    let value = parse_json("what the job answers", value)?;
    let action = JobAction { ask: None, done: "completed" };
    let act = async |queue: &bull_queue::Queue, id: &str| queue.complete_by_hand(id, &value).await;
    on_jobs(context, &[id.to_owned()], action, act).await
}
