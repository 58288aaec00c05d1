//! Search for jobs of dead workers, at start and periodically.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tokio::time::Instant;

use crate::job::Job;
use crate::queue::{DeadJobOutcome, Seen};
use crate::worker::core::Core;
use crate::worker::event::WorkerEvent;
use crate::worker::options::InterruptedPolicy;

/// Jobs without a lock, and since when.
type Suspects = Vec<(Seen, Instant)>;

/// Searches `active` until the worker closes.
///
/// A job without a lock is a suspect. Its worker is considered dead if it has not taken the lock again by a
/// second check, `stalled_grace` later; a live worker does so within a second after an outage of Redis. A
/// failed check clears the suspects, because they may have lost their locks in that outage.
pub(super) async fn run(core: Arc<Core>) {
    let mut suspects = Suspects::new();
    // Reported once the first check has settled every suspect.
    let mut first: Option<Vec<Job>> = Some(Vec::new());
    let mut locked_at_start: Option<Instant> = None;
    loop {
        let pause = match look(&core, &mut suspects).await {
            Ok((mut moved, locked_left)) => {
                core.works("check");
                match &mut first {
                    Some(found) => found.append(&mut moved),
                    None if !moved.is_empty() => {
                        core.emit(&WorkerEvent::InterruptedFound { jobs: moved });
                    }
                    None => {}
                }
                if suspects.is_empty()
                    && let Some(jobs) = first.take()
                {
                    core.emit(&WorkerEvent::InterruptedFound { jobs });
                }
                let start = *locked_at_start.get_or_insert_with(Instant::now);
                pause(&core, &suspects, locked_left.filter(|_| is_starting(&core, start)))
            }
            Err(error) => {
                core.fails("check", &error);
                suspects.clear();
                core.options.stalled_grace
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether locks that existed at the start may belong to workers that died just before.
fn is_starting(core: &Core, start: Instant) -> bool {
    start.elapsed() < core.options.lock_duration + core.options.stalled_grace
}

/// The time until the next check: soon if there are suspects, otherwise when a foreign lock expires.
fn pause(core: &Core, suspects: &Suspects, locked_left: Option<Duration>) -> Duration {
    let options = &core.options;
    if !suspects.is_empty() {
        return options.stalled_grace;
    }
    let after_lock = locked_left.map(|left| left + Duration::from_millis(50));
    after_lock.unwrap_or(options.stalled_interval).min(options.stalled_interval)
}

/// Checks once. Returns the jobs moved to `failed`, and when the first foreign lock expires.
async fn look(
    core: &Core,
    suspects: &mut Suspects,
) -> Result<(Vec<Job>, Option<Duration>), RedisError> {
    let seen = core.queue.look().await?;
    let now = Instant::now();
    let mut moved = Vec::new();
    let mut locked_left: Option<Duration> = None;
    let mut unsettled = Suspects::new();
    for seen in seen {
        if core.running(&seen.id).is_some() {
            continue;
        }
        let since =
            suspects.iter().find(|(old, _)| old.is_same_try(&seen)).map(|(_, since)| *since);
        let is_dead =
            since.is_some_and(|since| now - since >= core.options.stalled_grace) || seen.is_dead();
        if is_dead {
            moved.extend(take_out(core, &seen).await?);
        } else if seen.is_locked() {
            locked_left = seen.lock_left.into_iter().chain(locked_left).min();
        } else {
            unsettled.push((seen, since.unwrap_or(now)));
        }
    }
    *suspects = unsettled;
    Ok((moved, locked_left))
}

/// Removes a dead worker's job from `active`. Returns it if it was moved to `failed`.
async fn take_out(core: &Core, seen: &Seen) -> Result<Option<Job>, RedisError> {
    let max_stalled = match core.options.interrupted {
        InterruptedPolicy::Fail => None,
        InterruptedPolicy::Retry => Some(core.options.max_stalled),
    };
    let outcome = core.queue.take_from_dead(seen, max_stalled).await?;
    if outcome == DeadJobOutcome::Nothing {
        return Ok(None);
    }
    let Some(job) = core.queue.job(&seen.id).await.ok().flatten() else {
        return Ok(None);
    };
    // Its worker may have died before doing this.
    core.add_next_occurrence(&job).await;
    if outcome == DeadJobOutcome::Stalled {
        core.emit(&WorkerEvent::Stalled { job: Arc::new(job) });
        return Ok(None);
    }
    Ok(Some(job))
}
