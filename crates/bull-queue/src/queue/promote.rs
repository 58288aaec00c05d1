//! Promotion of delayed jobs.

use redis::RedisError;
use serde_json::json;

use super::client::Queue;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

impl Queue {
    /// Moves a delayed job to the waiting list at once.
    ///
    /// # Errors
    /// If the job is not delayed, or Redis does not answer.
    pub async fn promote(&self, id: &str) -> Result<(), Error> {
        let request = json!({ "id": id, "token": self.token() });
        let (code, again): (i64, _) =
            self.run("promote a job", &scripts::PROMOTE, &request).await?;
        // 0 after a second run: promoted by the first one, whose reply was lost.
        if code == 1 || again {
            return Ok(());
        }
        let (queue, id) = (self.name().to_owned(), JobId::from(id));
        Err(match self.job(&id).await? {
            None => Error::NoSuchJob { queue, id },
            Some(_) => Error::NotInState { queue, id, wanted: State::Delayed, action: "promoted" },
        })
    }

    /// Moves the delayed jobs that are due at `now` (ms since the epoch) to the waiting list, at most a
    /// thousand, and returns when the next one is due. Workers do this themselves.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn promote_due(&self, now: u64) -> Result<Option<u64>, Error> {
        let request = json!({ "now": now, "token": self.token() });
        let (next, _): (Option<String>, _) =
            self.run("promote due jobs", &scripts::PROMOTE_DUE, &request).await?;
        Ok(next.and_then(|next| next.parse().ok()))
    }

    /// Like [`Queue::promote_due`], without retries.
    pub(crate) async fn promote_due_once(&self, now: u64) -> Result<Option<u64>, RedisError> {
        let request = json!({ "now": now, "token": self.token() });
        let next: Option<String> = self.call(&scripts::PROMOTE_DUE, &request).await?;
        Ok(next.and_then(|next| next.parse().ok()))
    }
}
