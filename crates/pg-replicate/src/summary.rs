//! What a step did.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What a step did, phase by phase.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Summary {
    /// In the order they ran.
    pub phases: Vec<PhaseSummary>,
}

impl Summary {
    /// Appends the phases of `other`.
    pub fn extend(&mut self, other: Self) {
        self.phases.extend(other.phases);
    }
}

impl From<PhaseSummary> for Summary {
    fn from(phase: PhaseSummary) -> Self {
        Self { phases: vec![phase] }
    }
}

/// What one phase did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct PhaseSummary {
    /// Such as `backup`.
    pub name: String,
    /// Objects handled: tables, indexes, statements.
    pub objects: u64,
    /// Rows copied; 0 where the phase does not count rows.
    pub rows: u64,
    /// Bytes written or copied; 0 where the phase moves none.
    pub bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl PhaseSummary {
    /// A phase that has run since `start`.
    pub(crate) fn ended(name: &str, start: Instant) -> Self {
        Self { name: name.into(), seconds: start.elapsed().as_secs_f64(), ..Self::default() }
    }
}
