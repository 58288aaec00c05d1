//! What every program that writes a target does for those who use it meanwhile: it takes locks all or
//! none and gives way, drops nothing of other roles without a word, and never works beside another.

mod dependents;
mod guard;
pub mod locks;

use std::time::Duration;

pub use dependents::{Dependent, dependents, refusal};
pub use guard::exclusively;

/// `TARGET_LOCK_TIMEOUT` unless it is set.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How much a step may do to those who use the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnTarget {
    /// Whether rows of other roles are dropped with what is replaced: `DROP_DEPENDENTS`.
    pub drops_dependents: bool,
    /// How long locks that others hold are waited for: `TARGET_LOCK_TIMEOUT`.
    pub lock_timeout: Duration,
}

impl Default for OnTarget {
    fn default() -> Self {
        Self { drops_dependents: false, lock_timeout: LOCK_TIMEOUT }
    }
}
