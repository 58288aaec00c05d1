//! Retrying failed jobs.

use serde::Serialize;
use uuid::Uuid;

use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

/// Maximum number of jobs that one script retries, because it blocks Redis.
const BATCH: usize = 1000;

#[derive(Serialize)]
struct Request<'a> {
    nonce: String,
    id: &'a str,
    token: &'a str,
    now: u64,
}

#[derive(Serialize)]
struct BatchRequest<'a> {
    nonce: String,
    ids: &'a [JobId],
    token: &'a str,
    now: u64,
}

impl Queue {
    /// Moves a failed job to the waiting list for one more attempt. Its previous attempts still count, so
    /// it gets only one, as in Bull.
    ///
    /// # Errors
    /// If there is no such job, it is locked or not in `failed`, or Redis does not answer.
    pub async fn retry(&self, id: &str) -> Result<(), Error> {
        let nonce = Uuid::new_v4().to_string();
        let request = Request { nonce, id, token: self.token(), now: now_ms() };
        let (code, _): (i64, _) = self.run("retry a job", &scripts::RETRY, &request).await?;
        let (queue, id, action) = (self.name().to_owned(), JobId::from(id), "retried");
        match code {
            1 => Ok(()),
            0 => Err(Error::NoSuchJob { queue, id }),
            -1 => Err(Error::Locked { queue, id, action }),
            _ => Err(Error::NotInState { queue, id, wanted: State::Failed, action }),
        }
    }

    /// Moves the newest `count` failed jobs to the waiting list for one more attempt, the oldest of them
    /// first, and returns their ids. Up to a thousand are moved before a worker fetches the first. Jobs
    /// that somebody else retries or removes at the same time are skipped.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn retry_failed(&self, count: usize) -> Result<Vec<JobId>, Error> {
        let Some(last) = isize::try_from(count).unwrap_or(isize::MAX).checked_sub(1) else {
            return Ok(Vec::new());
        };
        if last < 0 {
            return Ok(Vec::new());
        }
        let mut ids = self.ids(State::Failed, 0, last).await?;
        ids.reverse();
        let mut retried = Vec::new();
        for ids in ids.chunks(BATCH) {
            let nonce = Uuid::new_v4().to_string();
            let request = BatchRequest { nonce, ids, token: self.token(), now: now_ms() };
            let (batch, _): (Vec<String>, _) =
                self.run("retry its failed jobs", &scripts::RETRY_FAILED, &request).await?;
            retried.extend(batch.into_iter().map(JobId::from));
        }
        Ok(retried)
    }
}
