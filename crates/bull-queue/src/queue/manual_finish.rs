//! Manual finish: an operator completes or fails a job.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{Job, JobId, State};
use crate::outcome::Outcome;
use crate::scripts;

/// How often a job that changes during the operation is read again.
const LOOKS: usize = 20;

/// Arguments of `lua/manual_finish.lua`.
#[derive(Debug, Serialize)]
struct Request {
    nonce: String,
    id: String,
    now: u64,
    token: String,
    attempts_made: u32,
    processed_on: u64,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Queue {
    /// Ends the current attempt of an active job as failed with `reason`, on whichever worker it runs. The
    /// attempt counts; if attempts are left, the job is retried after its backoff, otherwise it moves to
    /// `failed`, as in Bull. The worker is told to stop at the next renewal of its lock.
    ///
    /// # Errors
    /// If there is no such job, it is not active, or Redis does not answer.
    pub async fn fail_by_hand(&self, id: &str, reason: &str) -> Result<(), Error> {
        self.manual_finish(id, "failed by hand", |job, now| failed(job, reason, now)).await
    }

    /// Ends an active job as completed with `value`, on whichever worker it runs. No next job is added, and
    /// no other job is fetched. The worker is told to stop at the next renewal of its lock.
    ///
    /// # Errors
    /// If there is no such job, it is not active, or Redis does not answer.
    pub async fn complete_by_hand(&self, id: &str, value: &Value) -> Result<(), Error> {
        self.manual_finish(id, "completed by hand", |job, _now| Outcome::completed(job, value))
            .await
    }

    async fn manual_finish(
        &self,
        id: &str,
        action: &'static str,
        outcome: impl Fn(&Job, u64) -> Outcome,
    ) -> Result<(), Error> {
        let (queue, wanted) = (self.name().to_owned(), State::Active);
        for _ in 0..LOOKS {
            let Some(job) = self.job(id).await? else {
                return Err(Error::NoSuchJob { queue, id: JobId::from(id) });
            };
            let now = now_ms();
            let request = Request {
                nonce: Uuid::new_v4().to_string(),
                id: id.to_owned(),
                now,
                token: self.token().to_owned(),
                attempts_made: job.attempts_made,
                processed_on: job.processed_on.unwrap_or(0),
                outcome: outcome(&job, now),
            };
            let (code, _): (i64, _) =
                self.run("end a job by hand", &scripts::MANUAL_FINISH, &request).await?;
            match code {
                1 => return Ok(()),
                0 => return Err(Error::NoSuchJob { queue, id: job.id }),
                -3 => return Err(Error::NotInState { queue, id: job.id, wanted, action }),
                _ => {}
            }
        }
        Err(Error::NotInState { queue, id: JobId::from(id), wanted, action })
    }
}

fn failed(job: &Job, reason: &str, now: u64) -> Outcome {
    let made = job.attempts_made.saturating_add(1);
    let wait = match &job.opts.backoff {
        _ if made >= job.opts.attempts => None,
        None => Some(0),
        Some(backoff) => backoff.after(made).ok(),
    };
    let stacks = serde_json::to_string(&job.stacktrace).unwrap_or_else(|_| "[]".into());
    let fields = [("stacktrace", stacks.as_str()), ("failedReason", reason)];
    let mut fields: Vec<String> =
        fields.iter().flat_map(|(name, value)| [(*name).into(), (*value).into()]).collect();
    fields.extend(["attemptsMade".into(), made.to_string()]);
    Outcome::failed(job, reason, fields, wait, now)
}
