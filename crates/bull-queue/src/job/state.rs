//! Where a job stands.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In line.
    Waiting,
    /// Run by a worker.
    Active,
    /// Done.
    Completed,
    /// Given up: only an operator makes it run again.
    Failed,
    /// Waiting for its time: a first delay, a backoff, or a schedule.
    Delayed,
    /// In line, in a queue that is paused.
    Paused,
}

impl State {
    /// Every state, in the order operators know.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Active, Self::Completed, Self::Failed, Self::Delayed, Self::Paused];

    /// The part of the queue's keys that holds the jobs of this state.
    pub(crate) fn part(self) -> &'static str {
        match self {
            Self::Waiting => "wait",
            other => other.name(),
        }
    }

    /// Whether its jobs stand in a sorted set rather than in a list.
    pub(crate) fn is_sorted_set(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Delayed)
    }

    /// The state's name, as operators write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Paused => "paused",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.name() == text || state.part() == text).ok_or_else(
            || {
                format!(
                    "{text:?} is not a valid state: expected waiting, active, completed, failed, delayed or \
                     paused"
                )
            },
        )
    }
}
