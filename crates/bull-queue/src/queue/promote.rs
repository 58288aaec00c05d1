//! Putting delayed jobs in line.

use redis::RedisError;
use serde_json::json;

use super::client::Queue;
use crate::error::Error;
use crate::job::{JobId, State};
use crate::scripts;

impl Queue {
    /// Puts a delayed job in line at once.
    ///
    /// # Errors
    /// When the job is not delayed, or Redis does not answer.
    pub async fn promote(&self, id: &str) -> Result<(), Error> {
        let request = json!({ "id": id, "token": self.token() });
        let (code, again): (i64, _) =
            self.run("promote a job", &scripts::PROMOTE, &request).await?;
        // 0 after a second run: promoted by the first, whose reply was lost.
        if code == 1 || again {
            return Ok(());
        }
        let (queue, id) = (self.name().to_owned(), JobId::from(id));
        Err(match self.job(&id).await? {
            None => Error::NoSuchJob { queue, id },
            Some(_) => Error::NotInState { queue, id, wanted: State::Delayed, action: "promoted" },
        })
    }

    /// Puts the delayed jobs that are due at `now` (ms since the epoch) in line, at most a
    /// thousand, and answers when the next one is due. Workers do this on their own.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn promote_due(&self, now: u64) -> Result<Option<u64>, Error> {
        let request = json!({ "now": now, "token": self.token() });
        let (next, _): (Option<String>, _) =
            self.run("promote due jobs", &scripts::PROMOTE_DUE, &request).await?;
        Ok(next.and_then(|next| next.parse().ok()))
    }

    /// As [`Queue::promote_due`], without waiting for Redis.
    pub(crate) async fn promote_due_once(&self, now: u64) -> Result<Option<u64>, RedisError> {
        let request = json!({ "now": now, "token": self.token() });
        let next: Option<String> = self.call(&scripts::PROMOTE_DUE, &request).await?;
        Ok(next.and_then(|next| next.parse().ok()))
    }
}
