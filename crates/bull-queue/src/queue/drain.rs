//! Removing what stands in line, and removing everything.

use serde_json::json;
use uuid::Uuid;

use super::client::Queue;
use crate::error::Error;
use crate::scripts;

impl Queue {
    /// Removes the jobs in line, paused or not, and with `delayed` those that wait for their time;
    /// answers how many. Running and finished ones stay, and so does the next occurrence of each
    /// repeatable job: [`Queue::remove_repeatable`] removes that. A paused queue stays paused.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn drain(&self, delayed: bool) -> Result<u64, Error> {
        let request = json!({ "nonce": Uuid::new_v4().to_string(), "delayed": delayed });
        let (removed, _) = self.run("remove its waiting jobs", &scripts::DRAIN, &request).await?;
        Ok(removed)
    }

    /// Removes the queue and all that belongs to it: every job, every repeatable job, the counter
    /// of ids. With `force` also while jobs run: their workers are told to stop at the next renewal
    /// of their locks.
    ///
    /// # Errors
    /// [`Error::Busy`] when jobs are active and `force` is not set: nothing is changed then; or when
    /// Redis does not answer: call it again then.
    pub async fn obliterate(&self, force: bool) -> Result<(), Error> {
        let mut begun = false;
        loop {
            let request = json!({ "force": force, "begun": begun });
            let ((code, active), _): ((i64, u64), _) =
                self.run("remove the whole queue", &scripts::OBLITERATE, &request).await?;
            match code {
                0 => return Ok(()),
                1 => begun = true,
                _ => return Err(Error::Busy { queue: self.name().to_owned(), active }),
            }
        }
    }
}
