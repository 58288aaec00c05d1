//! Progress reports, and their receivers.

use serde::{Deserialize, Serialize};

/// Progress of a step.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Progress {
    /// The current phase, such as `restore`.
    pub phase: String,
    /// 0 to 100, of the whole step; never decreases during a step.
    pub percent: f64,
    /// The object started last, such as `TABLE DATA public.answers`.
    pub object: Option<String>,
    /// Rows processed in this phase.
    pub rows: u64,
    /// Bytes processed in this phase.
    pub bytes: u64,
    /// The objects in progress, at most eight, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<String>,
    /// Expected bytes of this phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Rate of the last seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Estimated time until the end of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

/// Receives progress; called from async code, so it must not block.
pub trait ProgressSink: Send + Sync {
    /// Receives the newest state.
    fn update(&self, progress: &Progress);
}

pub(crate) struct Nobody;

impl ProgressSink for Nobody {
    fn update(&self, _: &Progress) {}
}
