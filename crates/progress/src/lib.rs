//! Progress of a step: cancellation, percentages, items in progress, summaries.
//!
//! An engine receives a [`Context`]. It asks [`Context::tracker`] for a [`ProgressTracker`] of a phase,
//! starts a [`ProgressItem`] for each item of work, and reports what was moved. Parallel tasks share the
//! tracker.

mod context;
mod duration;
mod item;
mod log;
mod phase_state;
mod rate;
mod report;
mod sessions;
mod size;
mod summary;
mod totals;
mod tracker;
mod weight;

pub use context::{Cancelled, Context, PhaseProgress};
pub use duration::parse as parse_duration;
pub use item::ProgressItem;
pub use report::{Progress, ProgressSink};
pub use sessions::Sessions;
pub use size::size_in_words;
pub use summary::{Compared, CopyFacts, ObjectSummary, PhaseSummary, Summary};
pub use tokio_util::sync::CancellationToken;
pub use tracker::ProgressTracker;
pub use weight::Weight;

#[cfg(test)]
mod tests;
