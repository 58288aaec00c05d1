//! Repeatable jobs.

use redis::{RedisError, pipe};
use serde::Serialize;
use serde_json::json;

use super::add::AddJob;
use super::client::Queue;
use crate::clock::now_ms;
use crate::cron::ScheduleError;
use crate::error::Error;
use crate::job::{Job, JobId, JobRequest};
use crate::options::{JobOptions, RepeatOptions};
use crate::repeatable::{Occurrence, RepeatableJob, next_occurrence};
use crate::scripts;

/// How often an upsert is repeated if other schedulers add repeatable jobs at the same time.
const LOOKS: usize = 20;

/// Why the next occurrence of a repeatable job was not added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NextError {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

#[derive(Serialize)]
struct Upsert<'a> {
    key: &'a str,
    next: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    following: Option<u64>,
    job: AddJob,
    prefix: String,
    name: &'a str,
    others: Vec<Other>,
}

#[derive(Serialize)]
struct Other {
    key: String,
    prefix: String,
}

impl Queue {
    /// The repeatable jobs, in the order of their next occurrences.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn repeatables(&self) -> Result<Vec<RepeatableJob>, Error> {
        let mut commands = pipe();
        commands.zrange_withscores(self.keys().part("repeat"), 0, -1);
        let (members,): (Vec<(String, f64)>,) =
            self.query("list its repeatable jobs", &commands).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
        let read = |(key, next): (String, f64)| RepeatableJob::from_member(&key, next as u64);
        Ok(members.into_iter().map(read).collect())
    }

    /// Makes `request`, repeated according to `repeat`, the only repeatable job with its name in this
    /// queue: others, including those of Node.js's Bull, are removed together with their delayed
    /// occurrences.
    ///
    /// However many schedulers call this, each occurrence is one job. An occurrence missed while no worker
    /// ran is kept, and runs once. Options and data of an occurrence that is still delayed are updated.
    ///
    /// # Errors
    /// If the schedule is invalid or never fires again, or Redis does not answer.
    pub async fn upsert_repeatable(
        &self,
        request: &JobRequest,
        repeat: &RepeatOptions,
    ) -> Result<RepeatableJob, Error> {
        let options = JobOptions {
            repeat: Some(repeat.clone()),
            prev_millis: None,
            ..request.options.clone()
        };
        let request = JobRequest { options, ..request.clone() };
        for _ in 0..LOOKS {
            let now = now_ms();
            let Some(first) = next_occurrence(&request, now)? else {
                let expression = repeat.cron.clone().unwrap_or_default();
                return Err(ScheduleError::Never { expression }.into());
            };
            if let Some(next) = self.try_upsert(&first, now).await? {
                return Ok(RepeatableJob::from_member(&first.key, next));
            }
        }
        Err(Error::Contended { queue: self.name().to_owned() })
    }

    async fn try_upsert(&self, first: &Occurrence, now: u64) -> Result<Option<u64>, Error> {
        let name = &first.request.name;
        let others = self.repeatables().await?.into_iter();
        let others = others
            .filter(|other| other.name == *name && other.key != first.key)
            .map(|other| Other { prefix: other.id_prefix(), key: other.key })
            .collect();
        let upsert = Upsert {
            key: &first.key,
            next: first.next,
            following: next_occurrence(&first.request, first.next)?.map(|second| second.next),
            job: AddJob::new(&first.request, self.token(), now),
            prefix: RepeatableJob::from_member(&first.key, first.next).id_prefix(),
            name,
            others,
        };
        let (answer, _): (Option<(String, Vec<String>)>, _) =
            self.run("set a repeatable job", &scripts::REPEAT_UPSERT, &upsert).await?;
        Ok(answer.and_then(|(next, _)| next.parse().ok()))
    }

    /// Removes a repeatable job by its key, together with its delayed occurrences. Returns whether it
    /// existed.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn remove_repeatable(&self, key: &str) -> Result<bool, Error> {
        let prefix = RepeatableJob::from_member(key, 0).id_prefix();
        let request = json!({ "key": key, "prefix": prefix });
        let (removed, again): (i64, _) =
            self.run("remove a repeatable job", &scripts::REPEAT_REMOVE, &request).await?;
        Ok(removed == 1 || again)
    }

    /// Adds the occurrence that follows `job`, if it belongs to a repeatable job. Called when `job` has
    /// become active; safe to repeat.
    pub(crate) async fn add_next_occurrence(&self, job: &Job) -> Result<(), NextError> {
        if job.opts.repeat.is_none() || job.malformed.is_some() {
            return Ok(());
        }
        let now = now_ms();
        let request = JobRequest {
            name: job.name.clone(),
            data: job.data.clone(),
            options: job.opts.clone(),
            run_id: None,
        };
        let Some(next) = next_occurrence(&request, now)? else {
            return Ok(());
        };
        let job = AddJob::new(&next.request, self.token(), now);
        let request = json!({ "key": next.key, "next": next.next, "job": job });
        self.call::<i64>(&scripts::REPEAT_NEXT, &request).await?;
        Ok(())
    }
}

/// An occurrence's id, for tests and messages.
impl RepeatableJob {
    /// The id of the occurrence that is due at [`RepeatableJob::next`].
    #[must_use]
    pub fn next_id(&self) -> JobId {
        JobId::from(format!("{}{}", self.id_prefix(), self.next))
    }
}
