//! Adding several jobs at once.

use serde::Serialize;
use uuid::Uuid;

use super::add::AddJob;
use super::client::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, JobRequest};
use crate::scripts;

#[derive(Serialize)]
struct Request {
    nonce: String,
    jobs: Vec<AddJob>,
}

impl Queue {
    /// Adds jobs in order, atomically and in one round trip, and returns their ids. Otherwise like
    /// [`Queue::add`].
    ///
    /// # Errors
    /// As [`Queue::add`].
    pub async fn add_bulk(&self, requests: &[JobRequest]) -> Result<Vec<JobId>, Error> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let now = now_ms();
        let jobs = requests.iter().map(|request| self.prepare(request, now));
        let request =
            Request { nonce: Uuid::new_v4().to_string(), jobs: jobs.collect::<Result<_, _>>()? };
        let (ids, _): (Vec<String>, _) = self.run("add jobs", &scripts::ADD_BULK, &request).await?;
        Ok(ids.into_iter().map(JobId::from).collect())
    }
}
