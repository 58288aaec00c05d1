//! What is known of the objects in work: their events in the log, how far they are together, and
//! which took longest.
//!
//! An engine asks [`Context::board`](crate::Context::board) for a [`Board`], starts an [`Object`]
//! there for each item of work, and tells it what was moved. Parallel tasks share the board.

mod board;
mod log;
mod object;
mod rate;
mod totals;
mod weight;

use std::sync::Arc;
use std::time::Instant;

pub use board::Board;
pub use object::Object;
pub use weight::Weight;

/// Tells the time; a test passes its own.
pub(crate) type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

#[cfg(test)]
mod tests;
