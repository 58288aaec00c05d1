//! What the acceptance tests share: private servers, a small production, the real programs.

mod production;
mod programs;
mod queues;

pub use production::Production;
pub use programs::{Finished, Program, Programs, executable};
pub use queues::Queues;

use std::time::Duration;

/// How long anything that is waited for may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(150);

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within [`LIMIT`]; `what` says what was waited for.
pub fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(test_servers::wait_for(LIMIT, condition), "not within {LIMIT:?}: {what}");
}
