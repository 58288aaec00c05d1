//! Ending a running job by hand.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{Job, JobId, State};
use crate::options::Limits;
use crate::scripts;

/// How often a job is read again that changes while it is being ended.
const LOOKS: usize = 20;

/// What `lua/end_by_hand.lua` takes.
#[derive(Debug, Default, Serialize)]
struct Request {
    nonce: String,
    id: String,
    now: u64,
    token: String,
    attempts_made: u32,
    processed_on: u64,
    outcome: &'static str,
    fields: Vec<String>,
    keep: Limits,
    event: String,
    due: u64,
    lifo: bool,
}

impl Queue {
    /// Ends the current try of an active job as failed for `reason`, whoever runs it. The try
    /// counts; with tries left the job is tried again after its backoff, otherwise it goes to
    /// `failed`, as with Bull. Whoever runs it is told to stop at the next renewal of its lock.
    ///
    /// # Errors
    /// When there is no such job, it is not active, or Redis does not answer.
    pub async fn fail_by_hand(&self, id: &str, reason: &str) -> Result<(), Error> {
        self.end_by_hand(id, "failed by hand", |job, now| failed(job, reason, now)).await
    }

    /// Ends an active job as completed with `value`, whoever runs it. No successor is added, and no
    /// other job is taken. Whoever runs it is told to stop at the next renewal of its lock.
    ///
    /// # Errors
    /// When there is no such job, it is not active, or Redis does not answer.
    pub async fn complete_by_hand(&self, id: &str, value: &Value) -> Result<(), Error> {
        self.end_by_hand(id, "completed by hand", |job, _now| completed(job, value)).await
    }

    async fn end_by_hand(
        &self,
        id: &str,
        action: &'static str,
        ending: impl Fn(&Job, u64) -> Request,
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
                ..ending(&job, now)
            };
            let (code, _): (i64, _) =
                self.run("end a job by hand", &scripts::END_BY_HAND, &request).await?;
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

fn completed(job: &Job, value: &Value) -> Request {
    let value = value.to_string();
    Request {
        outcome: "completed",
        // The value as a text that holds JSON: Node's `job.finished()` parses it once more.
        event: json!({ "jobId": job.id, "val": value }).to_string(),
        fields: vec!["returnvalue".into(), value],
        keep: job.opts.remove_on_complete.into(),
        ..Request::default()
    }
}

fn failed(job: &Job, reason: &str, now: u64) -> Request {
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
    match wait {
        Some(0) => Request { outcome: "wait", fields, lifo: job.opts.lifo, ..Request::default() },
        Some(wait) => Request {
            outcome: "delayed",
            fields,
            due: now.saturating_add(wait),
            ..Request::default()
        },
        None => Request {
            outcome: "failed",
            fields,
            keep: job.opts.remove_on_fail.into(),
            event: json!({ "jobId": job.id, "val": reason }).to_string(),
            ..Request::default()
        },
    }
}
