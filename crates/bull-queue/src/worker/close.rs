//! Closing a worker: nothing that it took may be left without an owner.

use std::sync::Arc;

use super::core::Core;
use super::pump;

/// Ends the worker's tasks and puts jobs that were taken but not begun back in line.
pub(super) async fn close(core: Arc<Core>) {
    core.stop.cancel();
    core.tasks.close();
    let orderly = async {
        loop {
            while let Some(running) = core.take_from_slot() {
                running.over.cancel();
                pump::give_back(&core, &running.token).await;
                core.leave(&running);
            }
            // The pump may have been about to fill the slot once more.
            if core.tasks.is_empty() && core.slot_is_empty() {
                return;
            }
            tokio::select! {
                () = core.tasks.wait() => {}
                () = core.slot_filled() => {}
            }
        }
    };
    tokio::select! {
        () = orderly => {}
        () = core.closed.cancelled() => {}
    }
    core.closed.cancel();
}

/// Lets go of everything after the limit, whether Redis is back or not.
pub(super) async fn limit(core: Arc<Core>) {
    tokio::select! {
        () = core.closed.cancelled() => {}
        () = tokio::time::sleep(core.options.close_limit) => core.closed.cancel(),
    }
}
