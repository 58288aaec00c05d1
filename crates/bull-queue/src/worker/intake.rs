//! Taking charge of a job that a script has made ours.

use std::sync::Arc;

use super::completer;
use super::core::Core;
use super::failure::{Failure, FailureKind};
use super::lock;
use super::running::{FetchedJob, Running};

/// Keeps the job's lock, adds the next occurrence of a repeatable job, and has it run.
pub(super) async fn accept(core: &Arc<Core>, job: FetchedJob) {
    let running = Arc::new(Running::new(job, core.options.shutdown.child_token()));
    register(core, &running).await;
    core.add_next_occurrence(&running.job).await;
    if let Some(malformed) = &running.job.malformed {
        let message = format!("the job cannot be run: {malformed}");
        let failure = Failure::new(FailureKind::Final, message);
        completer::finish(core, &running, Err(failure), false).await;
        return;
    }
    core.prefetch(running);
}

/// Adds the job to the running ones, after an earlier attempt that lost its lock has ended.
async fn register(core: &Arc<Core>, running: &Arc<Running>) {
    loop {
        let left = core.left.notified();
        if core.try_register(running) {
            return;
        }
        lock::keep_from_now(core, running);
        left.await;
    }
}
