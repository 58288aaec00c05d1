//! Reports of progress, and who takes them.

use serde::{Deserialize, Serialize};

/// How far a step has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Progress {
    /// The phase that runs, such as `restore`.
    pub phase: String,
    /// 0 to 100, of the whole step; never goes back while a step runs.
    pub percent: f64,
    /// The object that was begun last, such as `TABLE DATA public.answers`.
    pub object: Option<String>,
    /// Rows handled in this phase.
    pub rows: u64,
    /// Bytes handled in this phase.
    pub bytes: u64,
    /// The objects in work, eight at the most, those begun first in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<String>,
    /// Bytes that this phase is expected to handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// Of the last seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Until the whole step is done, by the speed so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

/// Takes progress; called from async code, so it must not block.
pub trait ProgressSink: Send + Sync {
    /// The newest state.
    fn update(&self, progress: &Progress);
}

pub(crate) struct Nobody;

impl ProgressSink for Nobody {
    fn update(&self, _: &Progress) {}
}
