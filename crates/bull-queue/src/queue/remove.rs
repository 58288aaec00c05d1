//! Removing a job.

use serde_json::json;

use super::client::Queue;
use crate::error::Error;
use crate::job::JobId;
use crate::scripts;

impl Queue {
    /// Removes a job and its log, whatever its state.
    ///
    /// # Errors
    /// If there is no such job, a worker runs it, or Redis does not answer.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let request = json!({ "id": id });
        let (code, again): (i64, _) = self.run("remove a job", &scripts::REMOVE, &request).await?;
        let (queue, id) = (self.name().to_owned(), JobId::from(id));
        match code {
            1 => Ok(()),
            // Removed by the first run, whose reply was lost.
            0 if again => Ok(()),
            0 => Err(Error::NoSuchJob { queue, id }),
            _ => Err(Error::Locked { queue, id, action: "removed" }),
        }
    }
}
