//! Adding a job.

use serde::Serialize;
use uuid::Uuid;

use super::Queue;
use crate::clock::now_ms;
use crate::error::Error;
use crate::job::{JobId, JobRequest};
use crate::keys::is_reserved;
use crate::options::JobOptions;
use crate::scripts;

/// A job as `lua/lib/add_job.lua` takes it.
#[derive(Debug, Serialize)]
pub(crate) struct AddJob {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<JobId>,
    name: String,
    data: String,
    opts: String,
    timestamp: u64,
    delay: u64,
    /// When it is due, in milliseconds since the epoch; 0 for at once.
    due: u64,
    priority: u64,
    lifo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    token: String,
}

impl AddJob {
    pub(crate) fn new(request: &JobRequest, token: &str, now: u64) -> Self {
        let timestamp = request.options.timestamp.unwrap_or(now);
        let options = JobOptions { timestamp: Some(timestamp), ..request.options.clone() };
        let delay = options.delay;
        Self {
            id: options.job_id.clone(),
            name: request.name.clone(),
            data: request.data.to_string(),
            opts: serde_json::to_string(&options).unwrap_or_else(|_| "{}".into()),
            timestamp,
            delay,
            due: if delay > 0 { timestamp.saturating_add(delay) } else { 0 },
            priority: options.priority,
            lifo: options.lifo,
            run_id: request.run_id.clone(),
            token: token.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Request {
    nonce: String,
    job: AddJob,
}

impl Queue {
    /// Adds a job and answers its id. A job whose custom id is taken is not added a second time.
    ///
    /// While Redis is away the call is repeated for about 20 s; the job is added once all the same.
    ///
    /// # Errors
    /// When Redis stays away or refuses, or the custom id cannot be used.
    pub async fn add(&self, request: &JobRequest) -> Result<JobId, Error> {
        if let Some(id) = request.options.job_id.as_ref().filter(|id| is_reserved(id)) {
            return Err(Error::ReservedId { queue: self.name().to_owned(), id: id.clone() });
        }
        let job = AddJob::new(request, self.token(), now_ms());
        let request = Request { nonce: Uuid::new_v4().to_string(), job };
        let ((id, _new), _): ((String, i64), _) =
            self.run("add a job", &scripts::ADD, &request).await?;
        Ok(JobId::from(id))
    }
}
