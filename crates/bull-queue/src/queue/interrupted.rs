//! Jobs in `active` whose worker is dead.

use std::time::Duration;

use redis::{RedisError, Value};
use serde_json::json;

use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{INTERRUPTED_REASON, Job, JobId};
use crate::owner::{Liveness, liveness};
use crate::scripts;

/// What Bull writes when a job's workers have died too often.
const STALLED_REASON: &str = "job stalled more than allowable limit";

/// What Bull publishes then.
const STALLED_EVENT: &str = "job stalled more than maxStalledCount";

/// A job in `active`, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: JobId,
    lock: String,
    /// How long its lock still lives.
    pub(crate) lock_left: Option<Duration>,
    owner: String,
    processed_on: String,
}

impl Seen {
    /// Whether somebody holds its lock.
    pub(crate) fn is_locked(&self) -> bool {
        !self.lock.is_empty()
    }

    /// Whether its worker's process is known to be gone, so that its lock need not be waited for.
    pub(crate) fn is_dead(&self) -> bool {
        let token = if self.is_locked() { &self.lock } else { &self.owner };
        liveness(token) == Liveness::Dead
    }

    /// Whether `other` is the same try of the same job, without a lock both times.
    pub(crate) fn is_same_try(&self, other: &Self) -> bool {
        self.id == other.id
            && self.owner == other.owner
            && self.processed_on == other.processed_on
            && !self.is_locked()
            && !other.is_locked()
    }
}

/// What became of a dead worker's job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadJobOutcome {
    /// It stands in `failed`.
    Failed,
    /// It was put back in line.
    Stalled,
    /// It was not as it had been seen any more, or it is no job at all.
    Nothing,
}

impl Queue {
    /// Moves the jobs that a dead worker left in `active` to `failed`, with
    /// [`INTERRUPTED_REASON`], and answers them. No try is counted, and they are not run again on
    /// their own.
    ///
    /// A worker counts as dead when its process has died on this machine, or when its job has had
    /// no lock for `grace`. Locked jobs of workers that may be alive are left alone. A worker does
    /// all this on its own, at its start and ever after; this is for programs that have none.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn fail_interrupted(&self, grace: Duration) -> Result<Vec<Job>, Error> {
        let failure = |source| self.error("look for interrupted jobs", source);
        let first = self.look().await.map_err(failure)?;
        let (dead, unsure): (Vec<_>, Vec<_>) = first.into_iter().partition(Seen::is_dead);
        let mut gone = dead;
        if unsure.iter().any(|seen| !seen.is_locked()) {
            tokio::time::sleep(grace).await;
            let second = self.look().await.map_err(failure)?;
            gone.extend(
                second.into_iter().filter(|seen| unsure.iter().any(|old| old.is_same_try(seen))),
            );
        }
        let mut moved = Vec::new();
        for seen in gone {
            if self.take_from_dead(&seen, None).await.map_err(failure)? == DeadJobOutcome::Failed {
                moved.extend(self.job(&seen.id).await?);
            }
        }
        Ok(moved)
    }

    /// The jobs in `active`.
    pub(crate) async fn look(&self) -> Result<Vec<Seen>, RedisError> {
        type Row = (String, Option<String>, i64, Option<String>, Option<String>);
        let rows: Vec<Row> = self.call(&scripts::LOOK, &json!({})).await?;
        let seen = |(id, lock, left, owner, processed_on): Row| Seen {
            id: JobId::from(id),
            lock: lock.unwrap_or_default(),
            lock_left: u64::try_from(left).ok().map(Duration::from_millis),
            owner: owner.unwrap_or_default(),
            processed_on: processed_on.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(seen).collect())
    }

    /// Takes a dead worker's job out of `active`, if it is still as it was seen: into `failed`, or
    /// with `max_stalled` back in line at most so often.
    pub(crate) async fn take_from_dead(
        &self,
        seen: &Seen,
        max_stalled: Option<u32>,
    ) -> Result<DeadJobOutcome, RedisError> {
        let mut request = json!({
            "id": seen.id, "lock": seen.lock, "owner": seen.owner,
            "processed_on": seen.processed_on, "now": now_ms(), "token": self.token(),
            "reason": INTERRUPTED_REASON, "stalled_reason": STALLED_REASON,
            "event": json!({ "jobId": seen.id, "val": INTERRUPTED_REASON }).to_string(),
            "stalled_event": json!({ "jobId": seen.id, "val": STALLED_EVENT }).to_string(),
        });
        if let Some(max_stalled) = max_stalled {
            request["max_stalled"] = max_stalled.into();
        }
        let outcome: Value = self.call(&scripts::INTERRUPTED, &request).await?;
        Ok(match redis::from_redis_value::<Option<String>>(outcome)?.as_deref() {
            Some("failed") => DeadJobOutcome::Failed,
            Some("stalled") => DeadJobOutcome::Stalled,
            _ => DeadJobOutcome::Nothing,
        })
    }
}
