//! Fetching of jobs from Redis whenever there is a free slot.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::clock::now_ms;
use crate::owner::new_token;
use crate::queue::Fields;
use crate::scripts;
use crate::worker::concurrency_slot::ConcurrencySlot;
use crate::worker::core::Core;
use crate::worker::intake;
use crate::worker::lock::millis;
use crate::worker::running::FetchedJob;

#[derive(Serialize)]
struct Request<'a> {
    now: u64,
    token: &'a str,
    lock_ms: u64,
    again: bool,
    drained: bool,
}

type Reply = (Option<String>, Fields, Option<String>);

/// Fetches jobs until the worker stops.
pub(super) async fn run(core: Arc<Core>) {
    while let Some(slot) = slot(&core).await {
        take(&core, slot).await;
    }
}

/// A slot for one more job. While all slots are in use, due jobs are still promoted in time, so that
/// operators and other workers see them.
async fn slot(core: &Core) -> Option<ConcurrencySlot> {
    let acquire = core.slots.take();
    tokio::pin!(acquire);
    let mut wait = core.options.guard_interval;
    loop {
        tokio::select! {
            biased;
            () = core.stop.cancelled() => return None,
            slot = &mut acquire => {
                // The next fetch shows whether Redis works.
                core.works("promote");
                return slot;
            }
            () = tokio::time::sleep(wait) => {}
        }
        match core.queue.promote_due_once(now_ms()).await {
            Ok(due) => {
                core.works("promote");
                wait = until(due, core.options.guard_interval);
            }
            Err(error) => {
                core.fails("promote", &error);
                wait = core.options.guard_interval;
            }
        }
    }
}

/// Fetches one job, waiting until there is one.
async fn take(core: &Arc<Core>, slot: ConcurrencySlot) {
    let mut drained = true;
    loop {
        let token = new_token();
        let request = |again| Request {
            now: now_ms(),
            token: &token,
            lock_ms: millis(core.options.lock_duration),
            again,
            drained,
        };
        let reply: Option<Reply> =
            core.persist("fetch", &scripts::FETCH, request, &core.stop).await;
        let due = match reply {
            // Stopped during an outage of Redis: a run of the script whose reply was lost may have fetched
            // a job.
            None => return give_back(core, &token).await,
            Some((Some(id), fields, _)) => {
                return intake::accept(core, FetchedJob { id, fields, token, slot }).await;
            }
            Some((None, _, due)) => due.and_then(|due| due.parse().ok()),
        };
        drained = false;
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.arrival.notified() => {}
            () = tokio::time::sleep(until(due, core.options.guard_interval)) => {}
        }
    }
}

/// Returns a job that was fetched but not started to the waiting list.
pub(super) async fn give_back(core: &Core, token: &str) {
    let request = |_again| json!({ "token": token });
    core.persist::<i64, _>("give back", &scripts::RELEASE, request, &core.closed).await;
}

/// The time to wait for something that is due at `due`, at most `limit`.
fn until(due: Option<u64>, limit: Duration) -> Duration {
    due.map_or(limit, |due| limit.min(Duration::from_millis(due.saturating_sub(now_ms()))))
}
