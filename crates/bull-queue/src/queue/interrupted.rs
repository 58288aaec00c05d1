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

/// The reason that Bull writes if a job's workers have died too often.
const STALLED_REASON: &str = "job stalled more than allowable limit";

/// The event that Bull publishes in that case.
const STALLED_EVENT: &str = "job stalled more than maxStalledCount";

/// A job seen in `active`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: JobId,
    lock: String,
    /// The remaining lifetime of its lock.
    pub(crate) lock_left: Option<Duration>,
    owner: String,
    processed_on: String,
}

impl Seen {
    /// Whether its lock exists.
    pub(crate) fn is_locked(&self) -> bool {
        !self.lock.is_empty()
    }

    /// Whether its worker's process is known to be dead, so that its lock need not expire first.
    pub(crate) fn is_dead(&self) -> bool {
        let token = if self.is_locked() { &self.lock } else { &self.owner };
        liveness(token) == Liveness::Dead
    }

    /// Whether `other` is the same attempt of the same job, without a lock both times.
    pub(crate) fn is_same_try(&self, other: &Self) -> bool {
        self.id == other.id
            && self.owner == other.owner
            && self.processed_on == other.processed_on
            && !self.is_locked()
            && !other.is_locked()
    }
}

/// What happened to a dead worker's job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadJobOutcome {
    /// It was moved to `failed`.
    Failed,
    /// It was returned to the waiting list.
    Stalled,
    /// It has changed since it was seen, or is not a job.
    Nothing,
}

impl Queue {
    /// Moves jobs that a dead worker left in `active` to `failed`, with [`INTERRUPTED_REASON`], and returns
    /// them. The attempt is not counted, and they are not started again automatically.
    ///
    /// A worker is considered dead if its process has died on this machine, or its job has had no lock for
    /// `grace`. Locked jobs of workers that may be alive are left alone. Workers do this themselves, at
    /// start and periodically; this function is for programs without a worker.
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

    /// Removes a dead worker's job from `active`, if it is unchanged since it was seen: moves it to
    /// `failed`, or with `max_stalled` returns it to the waiting list at most that often.
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
