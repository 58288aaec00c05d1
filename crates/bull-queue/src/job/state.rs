//! State of a job.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In the waiting list.
    Waiting,
    /// Being run by a worker.
    Active,
    /// Completed.
    Completed,
    /// Failed permanently: only an operator can retry it.
    Failed,
    /// Waiting for its time: an initial delay, a backoff, or a schedule.
    Delayed,
    /// In the waiting list of a paused queue.
    Paused,
}

impl State {
    /// Every state, in the order that operators are used to.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Active, Self::Completed, Self::Failed, Self::Delayed, Self::Paused];

    /// The part of the queue's keys that holds the jobs of this state.
    pub(crate) fn part(self) -> &'static str {
        match self {
            Self::Waiting => "wait",
            other => other.name(),
        }
    }

    /// Whether its jobs are in a sorted set rather than a list.
    pub(crate) fn is_sorted_set(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Delayed)
    }

    /// The state's name, as used by operators.
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
