//! Waiting for a condition with a limit, instead of sleeping for a fixed time.

use std::time::{Duration, Instant};

/// Time between two evaluations of a condition.
const INTERVAL: Duration = Duration::from_millis(20);

/// Evaluates `condition` every 20 ms until it is true or `limit` has passed; returns whether it was true.
///
/// Blocks the thread: in async code use [`wait_for_async`].
#[must_use]
pub fn wait_for(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        std::thread::sleep(INTERVAL);
    }
}

/// [`wait_for`] for an async condition: `wait_for_async(limit, async || queue.is_empty().await)`.
///
/// The limit is checked between two evaluations; it does not interrupt one.
#[must_use]
pub async fn wait_for_async(limit: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition().await {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
