//! Keeping the lock of a running job, in a task of its own: apalis' heartbeats stop while a worker
//! drains. Only a job that has run for a while gets that task; a short one is spared it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::event::WorkerEvent;
use super::running::Running;
use crate::scripts;

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    token: &'a str,
    processed_on: &'a str,
    lock_ms: u64,
}

/// What the scripts answer for a job that is nowhere in Redis.
pub(super) const GONE: i64 = -1;

/// What the scripts answer for a job that an operator has moved or removed.
const MOVED: i64 = -3;

#[derive(Serialize)]
struct Unlock<'a> {
    id: &'a str,
    token: &'a str,
}

#[derive(Serialize)]
struct Restore<'a> {
    id: &'a str,
    token: &'a str,
    processed_on: &'a str,
    lock_ms: u64,
    fields: &'a [String],
}

/// Sees to it that the lock of each job that runs for as long as a lock goes without a renewal is kept
/// from then on, until the worker is closed.
pub(super) async fn watch(core: Arc<Core>) {
    let renewal = core.options.lock_renewal();
    // With the usual half of a lock's life, a job is found at nine sixteenths of it at the latest.
    let interval = (renewal / 8).max(Duration::from_millis(1));
    loop {
        tokio::select! {
            () = core.closed.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        for running in core.all_running() {
            if running.since.elapsed() >= renewal {
                keep_from_now(&core, &running);
            }
        }
    }
}

/// Keeps the lock of `running` in a task of its own, unless there is one.
pub(super) fn keep_from_now(core: &Arc<Core>, running: &Arc<Running>) {
    if running.begin_to_keep_lock() {
        core.tasks.spawn(keep(Arc::clone(core), Arc::clone(running)));
    }
}

/// Renews the lock now and then until the try is over. A lock that expired while Redis was
/// away is taken again; one that somebody else has taken means that the job is his.
async fn keep(core: Arc<Core>, running: Arc<Running>) {
    let request = |_again| Request {
        id: &running.job.id,
        token: &running.token,
        processed_on: &running.processed_on,
        lock_ms: millis(core.options.lock_duration),
    };
    while !running.over.is_cancelled() {
        match core.persist::<i64, _>("renew", &scripts::RENEW, request, &running.over).await {
            Some(1) => {}
            // Redis has lost its data. Nobody else can have the job: it goes on.
            Some(GONE) => restore(&core, &running, &running.over).await,
            Some(code) => {
                if running.lose() {
                    running.cancel.cancel();
                    core.emit(&WorkerEvent::Lost { job: Arc::clone(&running.job) });
                }
                if code == MOVED {
                    let_go(&core, &running).await;
                }
                break;
            }
            None => break,
        }
        tokio::select! {
            () = running.over.cancelled() => break,
            () = core.closed.cancelled() => break,
            () = tokio::time::sleep(core.options.lock_renewal()) => {}
        }
    }
    core.works("renew");
}

/// Gives up the lock of a job that was moved by hand, once its handler has ended: until then nobody
/// else may run it.
async fn let_go(core: &Core, running: &Running) {
    tokio::select! {
        () = running.over.cancelled() => {}
        () = core.closed.cancelled() => return,
    }
    let request = |_again| Unlock { id: &running.job.id, token: &running.token };
    core.persist::<i64, _>("unlock", &scripts::UNLOCK, request, &core.closed).await;
    core.works("unlock");
}

/// Puts a running job back into a Redis that has lost it.
pub(super) async fn restore(core: &Core, running: &Running, until: &CancellationToken) {
    let request = |_again| Restore {
        id: &running.job.id,
        token: &running.token,
        processed_on: &running.processed_on,
        lock_ms: millis(core.options.lock_duration),
        fields: &running.fields,
    };
    core.persist::<i64, _>("restore", &scripts::RESTORE, request, until).await;
    core.works("restore");
}

/// Whole milliseconds, as Redis takes them.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
