//! Renewal of a running job's lock, in a task of its own, because apalis' heartbeats stop while a worker
//! drains. Only a job that has run for a while gets such a task.

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

/// The scripts' result for a job that does not exist in Redis.
pub(super) const GONE: i64 = -1;

/// The scripts' result for a job that an operator has moved or removed.
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

/// Starts the lock renewal of each job that runs longer than the renewal interval, until the worker is
/// closed.
pub(super) async fn watch(core: Arc<Core>) {
    let renewal = core.options.lock_renewal();
    // With the default of half a lock's lifetime, a job is found after at most nine sixteenths of it.
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

/// Starts a task that renews the lock of `running`, unless there is one.
pub(super) fn keep_from_now(core: &Arc<Core>, running: &Arc<Running>) {
    if running.begin_to_keep_lock() {
        core.tasks.spawn(keep(Arc::clone(core), Arc::clone(running)));
    }
}

/// Renews the lock periodically until the attempt has ended. A lock that expired during an outage of Redis
/// is taken again; if another worker has taken it, the job belongs to that worker.
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
            // Redis has lost its data. No other worker can have the job, so it continues.
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

/// Releases the lock of a job that was moved by hand, after its handler has ended: until then, nobody else
/// may run it.
async fn let_go(core: &Core, running: &Running) {
    tokio::select! {
        () = running.over.cancelled() => {}
        () = core.closed.cancelled() => return,
    }
    let request = |_again| Unlock { id: &running.job.id, token: &running.token };
    core.persist::<i64, _>("unlock", &scripts::UNLOCK, request, &core.closed).await;
    core.works("unlock");
}

/// Restores a running job in a Redis that has lost it.
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

/// Whole milliseconds, as expected by Redis.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
