//! Outcome of an attempt: where the job moves, and what is written to it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::job::Job;
use crate::options::Limits;

/// Outcome of an attempt, in the form that `lua/finish.lua` and `lua/manual_finish.lua` expect.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// `completed`, `failed`, `delayed` or `wait`.
    pub(crate) outcome: &'static str,
    /// Fields written to the job's hash, names and values alternating.
    pub(crate) fields: Vec<String>,
    /// The event to publish.
    pub(crate) event: String,
    #[serde(flatten)]
    pub(crate) details: Details,
}

/// What only some outcomes need.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Details {
    pub(crate) keep: Limits,
    /// When the next attempt is due, in ms.
    pub(crate) due: u64,
    /// The next attempt runs before the waiting jobs.
    pub(crate) lifo: bool,
}

impl Outcome {
    pub(crate) fn completed(job: &Job, return_value: &Value) -> Self {
        let value = return_value.to_string();
        Self {
            outcome: "completed",
            // The value as a string that contains JSON: Node's `job.finished()` parses it once more.
            event: json!({ "jobId": job.id, "val": value }).to_string(),
            fields: vec!["returnvalue".into(), value],
            details: Details { keep: job.opts.remove_on_complete.into(), ..Details::default() },
        }
    }

    /// The job is retried after `wait` ms, or failed permanently.
    pub(crate) fn failed(
        job: &Job,
        reason: &str,
        fields: Vec<String>,
        wait: Option<u64>,
        now: u64,
    ) -> Self {
        match wait {
            Some(0) => {
                let details = Details { lifo: job.opts.lifo, ..Details::default() };
                Self { outcome: "wait", fields, details, ..Self::default() }
            }
            Some(wait) => {
                let details = Details { due: now.saturating_add(wait), ..Details::default() };
                Self { outcome: "delayed", fields, details, ..Self::default() }
            }
            None => {
                let details =
                    Details { keep: job.opts.remove_on_fail.into(), ..Details::default() };
                Self { details, ..Self::failed_and_kept(job, reason, fields) }
            }
        }
    }

    /// The job failed permanently, and is kept whatever `removeOnFail` says.
    pub(crate) fn failed_and_kept(job: &Job, reason: &str, fields: Vec<String>) -> Self {
        Self {
            outcome: "failed",
            fields,
            event: json!({ "jobId": job.id, "val": reason }).to_string(),
            details: Details::default(),
        }
    }
}
