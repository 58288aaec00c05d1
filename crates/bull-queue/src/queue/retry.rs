//! Trying failed jobs once more.

use serde::Serialize;

use super::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    lifo: bool,
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
        let job = self.job(id).await?;
        let lifo = job.is_some_and(|job| job.opts.lifo);
        let request = Request { id, lifo, token: self.token(), now: now_ms() };
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
    /// answers which. Jobs that somebody else retries or removes meanwhile are left out.
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
        let mut retried = Vec::new();
        for id in self.ids(State::Failed, 0, last).await?.into_iter().rev() {
            match self.retry(&id).await {
                Ok(()) => retried.push(id),
                Err(Error::NoSuchJob { .. } | Error::Locked { .. } | Error::NotInState { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(retried)
    }
}
