//! Removing all waiting jobs, and removing a whole queue.

use serde_json::json;
use uuid::Uuid;

use super::client::Queue;
use crate::error::Error;
use crate::scripts;

impl Queue {
    /// Removes all waiting jobs, paused or not, and with `delayed` the delayed ones; returns their number.
    /// Active and finished jobs stay, and so does the next occurrence of each repeatable job, which
    /// [`Queue::remove_repeatable`] removes. A paused queue stays paused.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn drain(&self, delayed: bool) -> Result<u64, Error> {
        let request = json!({ "nonce": Uuid::new_v4().to_string(), "delayed": delayed });
        let (removed, _) = self.run("remove its waiting jobs", &scripts::DRAIN, &request).await?;
        Ok(removed)
    }

    /// Removes the queue with all its jobs, repeatable jobs and its id counter. With `force`, also while
    /// jobs are running: their workers stop them at the next renewal of their locks.
    ///
    /// # Errors
    /// [`Error::Busy`] if jobs are active and `force` is not set, in which case nothing is changed; or when
    /// Redis does not answer, in which case it should be called again.
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
