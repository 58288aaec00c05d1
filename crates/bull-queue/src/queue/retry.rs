//! Trying failed jobs once more.

use serde::Serialize;
use uuid::Uuid;

use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

/// How many jobs one script retries at most: Redis does nothing else meanwhile.
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
    /// Puts a failed job in line for one more try. The tries it has made still count, so it gets
    /// one, as with Bull.
    ///
    /// # Errors
    /// When there is no such job, it is locked or not in `failed`, or Redis does not answer.
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

    /// Puts the newest `count` failed jobs in line for one more try, the oldest of them first, and
    /// answers which. Up to a thousand stand in line before a worker takes the first. Jobs that
    /// somebody else retries or removes meanwhile are left out.
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
