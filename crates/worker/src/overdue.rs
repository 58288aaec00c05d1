//! Tells when snapshots have stopped succeeding, whatever the reason: jobs that fail, a paused queue, a
//! job that hangs, a schedule that is gone.

use std::sync::Arc;
use std::time::Duration;

use bull_queue::{Connection, Queue};
use chrono::{DateTime, Utc};
use pipeline::Step;
use pipeline::snapshot_age;
use shared_steps::Settings;
use shared_steps::snapshot_age::last_success;
use tokio_util::sync::CancellationToken;

use crate::failures::{Failure, FailureSender};

/// Between two looks; more often when the limit is short.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const SHORTEST_WAIT: Duration = Duration::from_millis(250);

/// Looks now and then until `shutdown`; what is overdue is told once, until a snapshot succeeds again.
pub(crate) async fn watch(
    settings: Arc<Settings>,
    connection: Connection,
    failures: FailureSender,
    shutdown: CancellationToken,
) {
    let snapshots = &settings.snapshots;
    let (Some(max_age), Some(_)) = (snapshots.max_age, &snapshots.schedule) else { return };
    let wait = (max_age / 4).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    let queue = Queue::new(connection, Step::SNAPSHOT.queue);
    let mut teller = Teller { started: Utc::now(), max_age, told: false };
    let look = async {
        loop {
            // A sleep before the first look too: the first snapshot needs its time.
            tokio::time::sleep(wait).await;
            let completed = match snapshot_age::last_completed(&queue).await {
                Ok(completed) => completed,
                // The queues say that Redis is away.
                Err(_) => continue,
            };
            let mut told = teller.look(completed, Utc::now());
            if matches!(told, Some(Told::Overdue(_))) {
                // Perhaps somebody has made one by hand.
                let last = last_success(&queue, &settings).await;
                told = teller.look(last, Utc::now());
            }
            match told {
                Some(Told::Overdue(error)) => {
                    teller.told = true;
                    tell(&failures, error);
                }
                Some(Told::Again) => {
                    teller.told = false;
                    tracing::info!(queue = Step::SNAPSHOT.queue, "Snapshots succeed again");
                }
                None => {}
            }
        }
    };
    shutdown.run_until_cancelled(look).await;
}

fn tell(failures: &FailureSender, error: String) {
    let step = Step::SNAPSHOT;
    tracing::error!(queue = step.queue, step = step.slug, "Snapshots are overdue: {error}");
    failures.send(Failure {
        step,
        job_id: None,
        run_id: format!("{}-overdue", Utc::now().timestamp_millis()),
        started_on: None,
        error: format!("snapshots are overdue: {error}"),
    });
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Overdue(String),
    Again,
}

/// What is to be told, and whether it was.
struct Teller {
    started: DateTime<Utc>,
    max_age: Duration,
    told: bool,
}

impl Teller {
    /// `last`: the last success.
    fn look(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Told> {
        let first_is_due = snapshot_age::overdue(Some(self.started), self.max_age, now).is_some();
        let overdue = match last {
            // The very first one may take as long as any.
            None if !first_is_due => return None,
            last => snapshot_age::overdue(last, self.max_age, now),
        };
        match overdue {
            Some(text) if !self.told => Some(Told::Overdue(text)),
            None if self.told => Some(Told::Again),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_and_again_after_a_success() {
        let at = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap();
        let mut teller = Teller { started: at(0), max_age: Duration::from_secs(600), told: false };
        assert_eq!(teller.look(None, at(9)), None, "the first one has its time");
        assert!(matches!(teller.look(None, at(11)), Some(Told::Overdue(_))));
        // A worker that has just been started does not begin to count anew.
        let restarted = Teller { started: at(100), ..teller };
        assert!(matches!(restarted.look(Some(at(89)), at(100)), Some(Told::Overdue(_))));
        teller = Teller { told: true, ..restarted };
        assert_eq!(teller.look(Some(at(89)), at(101)), None);
        assert_eq!(teller.look(Some(at(101)), at(102)), Some(Told::Again));
        teller.told = false;
        assert_eq!(teller.look(Some(at(101)), at(103)), None);
    }
}
