//! Progress of the step.

use progress::{Context, Progress};

/// Phases of the step, each with its range of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Fetch,
    Load,
    Replace,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fetch => "fetch learning content",
            Self::Load => "load learning content",
            Self::Replace => "replace learning content",
        }
    }

    /// Start and end of the phase, in percent of the step.
    fn share(self) -> (f64, f64) {
        match self {
            Self::Fetch => (0.0, 40.0),
            Self::Load => (40.0, 95.0),
            Self::Replace => (95.0, 100.0),
        }
    }

    /// Reports the completed fraction of this phase (0 to 1).
    pub(super) fn report(
        self,
        context: &Context,
        done: f64,
        object: Option<&str>,
        rows: u64,
        bytes: u64,
    ) {
        let (start, end) = self.share();
        context.progress.update(&Progress {
            phase: self.name().into(),
            percent: start + (end - start) * done.clamp(0.0, 1.0),
            object: object.map(str::to_owned),
            rows,
            bytes,
            ..Progress::default()
        });
    }
}
