//! Alert when snapshots have stopped succeeding, whatever the reason: jobs that fail, a paused queue, a
//! job that hangs, a schedule that is gone.

use std::time::Duration;

use bull_queue::Queue;
use chrono::{DateTime, Utc};
use pipeline::Step;
use pipeline::snapshot_age::{last_completed, overdue};

use crate::Settings;

/// Time between two checks; shorter when the limit is short.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const SHORTEST_WAIT: Duration = Duration::from_millis(250);

/// Checks periodically; what is overdue is reported once, until a snapshot succeeds again.
pub(super) async fn watch(settings: &Settings, queue: &Queue, alert: &(dyn Fn(String) + Sync)) {
    let snapshots = &settings.snapshots;
    let (Some(max_age), Some(_)) = (snapshots.max_age, &snapshots.schedule) else { return };
    let wait = (max_age / 4).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    let mut state = SnapshotAgeAlert { started: Utc::now(), max_age, is_overdue: false };
    let step = Step::SNAPSHOT;
    loop {
        // A sleep before the first check too: the first snapshot needs its time.
        tokio::time::sleep(wait).await;
        // The queues say that Redis is away.
        let Ok(completed) = last_completed(queue).await else { continue };
        let mut change = state.change(completed, Utc::now());
        if matches!(change, Some(Change::Overdue(_))) {
            // Perhaps somebody has made one by hand.
            change = state.change(last_success(queue, settings).await, Utc::now());
        }
        match change {
            Some(Change::Overdue(error)) => {
                state.is_overdue = true;
                tracing::error!(
                    queue = step.queue,
                    step = step.slug,
                    "Snapshots are overdue: {error}"
                );
                alert(format!("snapshots are overdue: {error}"));
            }
            Some(Change::Recovered) => {
                state.is_overdue = false;
                tracing::info!(queue = step.queue, "Snapshots succeed again");
            }
            None => {}
        }
    }
}

/// The later of [`last_completed`] and the newest good snapshot, which may have been taken by hand. A store
/// or a Redis that does not respond counts as one without any.
async fn last_success(queue: &Queue, settings: &Settings) -> Option<DateTime<Utc>> {
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

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Overdue(String),
    Recovered,
}

/// Whether snapshots are overdue, as far as that was reported.
struct SnapshotAgeAlert {
    started: DateTime<Utc>,
    max_age: Duration,
    is_overdue: bool,
}

impl SnapshotAgeAlert {
    /// What is to be reported, `last` being the last success.
    fn change(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Change> {
        let first_is_due = overdue(Some(self.started), self.max_age, now).is_some();
        let overdue = match last {
            // The very first one may take as long as any.
            None if !first_is_due => return None,
            last => overdue(last, self.max_age, now),
        };
        match overdue {
            Some(text) if !self.is_overdue => Some(Change::Overdue(text)),
            None if self.is_overdue => Some(Change::Recovered),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_alerts_once_and_again_after_a_success() {
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap();
        let mut alert = SnapshotAgeAlert {
            started: at(0),
            max_age: Duration::from_secs(600),
            is_overdue: false,
        };
        assert_eq!(alert.change(None, at(9)), None, "the first one has its time");
        assert!(matches!(alert.change(None, at(11)), Some(Change::Overdue(_))));
        // A worker that has just been started does not begin to count anew.
        let restarted = SnapshotAgeAlert { started: at(100), ..alert };
        assert!(matches!(restarted.change(Some(at(89)), at(100)), Some(Change::Overdue(_))));
        alert = SnapshotAgeAlert { is_overdue: true, ..restarted };
        assert_eq!(alert.change(Some(at(89)), at(101)), None);
        assert_eq!(alert.change(Some(at(101)), at(102)), Some(Change::Recovered));
        alert.is_overdue = false;
        assert_eq!(alert.change(Some(at(101)), at(103)), None);
    }
}
