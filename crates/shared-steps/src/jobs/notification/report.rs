//! Report in notifications with `"format": "json"`.

use chrono::{DateTime, Utc};
use progress::PhaseSummary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A run, from its first job to the last or to the one that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run's id, on every log line of the run.
    pub run_id: String,
    /// How it ended.
    pub status: Status,
    /// When its first job started.
    pub started_at: DateTime<Utc>,
    /// When its last job ended.
    pub finished_at: DateTime<Utc>,
    /// From start to end, including pauses between attempts.
    pub duration_seconds: f64,
    /// The steps that ran, in order.
    pub steps: Vec<StepReport>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Outcome of a run, or of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything was done.
    Success,
    /// It failed permanently: no attempt is left.
    Failure,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its name, as on the command line of `restart`.
    pub step: String,
    /// The queue of its job.
    pub queue: String,
    /// The job's id on that queue; `null` for a step that ran without a queue.
    pub job_id: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The duration of its last attempt.
    pub seconds: f64,
    /// Rows copied, over all phases.
    pub rows: u64,
    /// Bytes copied, over all phases.
    pub bytes: u64,
    /// Its parts.
    pub phases: Vec<PhaseSummary>,
    /// What had changed on the source since it was copied before, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Value>,
}
