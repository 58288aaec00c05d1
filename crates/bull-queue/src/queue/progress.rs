//! Progress of a running job.

use serde_json::{Value, json};

use super::client::Queue;
use crate::error::Error;
use crate::job::JobId;
use crate::scripts;

impl Queue {
    /// Writes a job's progress, in any form, and publishes it.
    ///
    /// # Errors
    /// If there is no such job, or Redis does not answer.
    pub async fn update_progress(&self, id: &str, progress: &Value) -> Result<(), Error> {
        let event = json!({ "jobId": id, "progress": progress });
        let request = json!({
            "id": id, "progress": progress.to_string(), "event": event.to_string(),
        });
        let (code, _): (i64, _) =
            self.run("write a job's progress", &scripts::PROGRESS, &request).await?;
        if code == 1 {
            Ok(())
        } else {
            Err(Error::NoSuchJob { queue: self.name().to_owned(), id: JobId::from(id) })
        }
    }
}
