//! Rules for programs that write to a target while others use it: locks are taken all or none, other
//! sessions get precedence, objects of other roles are not dropped silently, and there is only one writer.

mod dependents;
mod guard;
pub mod locks;
pub mod preserved;

use std::time::Duration;

pub use dependents::{Dependent, dependents, refusal};
pub use guard::exclusively;

/// The default of `TARGET_LOCK_TIMEOUT`.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How a step treats others who use the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnTarget {
    /// Whether other roles' rows are dropped with the objects they depend on: `DROP_DEPENDENTS`.
    pub drops_dependents: bool,
    /// How long to wait for locks held by others: `TARGET_LOCK_TIMEOUT`.
    pub lock_timeout: Duration,
}

impl Default for OnTarget {
    fn default() -> Self {
        Self { drops_dependents: false, lock_timeout: LOCK_TIMEOUT }
    }
}
