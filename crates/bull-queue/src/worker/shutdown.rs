//! Shutdown of a worker: nothing that it fetched may be left without an owner.

use std::sync::Arc;

use crate::worker::core::Core;
use crate::worker::fetcher;

/// Ends the worker's tasks, and returns jobs that were fetched but not started to the waiting list.
pub(super) async fn close(core: Arc<Core>) {
    core.stop.cancel();
    core.tasks.close();
    let orderly = async {
        loop {
            while let Some(running) = core.pop_prefetched() {
                running.over.cancel();
                fetcher::give_back(&core, &running.token).await;
                core.release(&running);
            }
            // The fetcher may have been about to prefetch another job.
            if core.tasks.is_empty() && core.prefetched_is_empty() {
                return;
            }
            tokio::select! {
                () = core.tasks.wait() => {}
                () = core.prefetch_added() => {}
            }
        }
    };
    tokio::select! {
        () = orderly => {}
        () = core.closed.cancelled() => {}
    }
    core.closed.cancel();
}

/// Releases everything after the time limit, whether Redis is back or not.
pub(super) async fn limit(core: Arc<Core>) {
    tokio::select! {
        () = core.closed.cancelled() => {}
        () = tokio::time::sleep(core.options.close_limit) => core.closed.cancel(),
    }
}
