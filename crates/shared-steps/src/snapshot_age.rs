//! When a snapshot succeeded last, as far as queue and store know.

use bull_queue::Queue;
use chrono::{DateTime, Utc};
use pipeline::snapshot_age::last_completed;

use crate::Settings;

/// The later of [`last_completed`] and the newest good snapshot, which may have been made by hand. A
/// store or a Redis that does not answer counts as one without any.
pub async fn last_success(queue: &Queue, settings: &Settings) -> Option<DateTime<Utc>> {
    let completed = last_completed(queue).await.unwrap_or_default();
    let store = settings.snapshots.taken.as_ref().map(|taken| &taken.store);
    let newest = match store {
        Some(store) => snapshots::list(store).await.ok().and_then(|entries| {
            let good = entries.iter().filter(|entry| entry.manifest().is_some());
            good.map(|entry| entry.taken_at).max()
        }),
        None => None,
    };
    completed.max(newest)
}
