//! Waiting for a condition instead of sleeping a guessed time.

use std::time::{Duration, Instant};

/// Time between two looks at a condition.
const INTERVAL: Duration = Duration::from_millis(20);

/// Looks every 20 ms until `condition` holds or `limit` has passed; answers whether it held.
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
/// The limit is looked at between two calls of the condition; it does not cut a call short.
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
