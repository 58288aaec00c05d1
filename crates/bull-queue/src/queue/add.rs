//! Adding a job.

use serde::Serialize;
use uuid::Uuid;

use super::client::Queue;
use crate::clock::now_ms;
use crate::cron::ScheduleError;
use crate::error::Error;
use crate::job::{JobId, JobRequest};
use crate::keys::is_reserved;
use crate::options::JobOptions;
use crate::repeatable::next_occurrence;
use crate::scripts;

/// A job in the form that `lua/lib/add_job.lua` expects.
#[derive(Debug, Serialize)]
pub(crate) struct AddJob {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<JobId>,
    name: String,
    data: String,
    opts: String,
    timestamp: u64,
    delay: u64,
    /// When it is due, in milliseconds since the epoch; 0 for immediately.
    due: u64,
    priority: u64,
    lifo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    token: String,
    /// For the first occurrence of a repeatable job: its member in `repeat`, and when it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_next: Option<u64>,
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
            repeat_key: None,
            repeat_next: None,
        }
    }
}

#[derive(Serialize)]
struct Request {
    nonce: String,
    job: AddJob,
}

impl Queue {
    /// Adds a job and returns its id. A job whose custom id already exists is not added again.
    ///
    /// With [`JobOptions::repeat`], a repeatable job is added to the existing ones, together with its first
    /// occurrence, whose id is returned; [`Queue::upsert_repeatable`] makes it the only one with its name.
    ///
    /// During an outage of Redis, the call is retried for about 20 s; the job is still added only once.
    ///
    /// # Errors
    /// If Redis stays away or refuses, the custom id is not allowed, or the schedule is invalid or never
    /// fires again.
    pub async fn add(&self, request: &JobRequest) -> Result<JobId, Error> {
        let job = self.prepare(request, now_ms())?;
        let request = Request { nonce: Uuid::new_v4().to_string(), job };
        let ((id, _new), _): ((String, i64), _) =
            self.run("add a job", &scripts::ADD, &request).await?;
        Ok(JobId::from(id))
    }

    /// A job in the form that the scripts expect; for a repeatable job, its first occurrence.
    pub(crate) fn prepare(&self, request: &JobRequest, now: u64) -> Result<AddJob, Error> {
        let options = &request.options;
        if let Some(id) = options.job_id.as_ref().filter(|id| is_reserved(id)) {
            return Err(Error::ReservedId { queue: self.name().to_owned(), id: id.clone() });
        }
        let Some(repeat) = options.repeat.as_ref().filter(|_| options.prev_millis.is_none()) else {
            return Ok(AddJob::new(request, self.token(), now));
        };
        let Some(first) = next_occurrence(request, now)? else {
            let expression = repeat.cron.clone().unwrap_or_default();
            return Err(ScheduleError::Never { expression }.into());
        };
        Ok(AddJob {
            repeat_key: Some(first.key),
            repeat_next: Some(first.next),
            ..AddJob::new(&first.request, self.token(), now)
        })
    }
}
