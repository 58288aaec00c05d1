//! How long locks are waited for.

use std::time::Duration;

use crate::DatabaseUrl;

/// The default limit.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// Additional time that sessions wait beyond the limit, so that the check of the locks comes first and can
/// name them.
const LATER: Duration = Duration::from_secs(2);

/// Maximum time to wait for a lock.
pub(crate) fn limit(url: &DatabaseUrl) -> Duration {
    url.lock_timeout().unwrap_or(DEFAULT_LIMIT)
}

/// The server's own limit for a session, in milliseconds, used where the locks are not monitored.
pub(crate) fn session_limit(limit: Duration) -> u128 {
    (limit + LATER).as_millis()
}

/// pg_dump's option for the locks at its start.
pub(crate) fn pg_dump_option(url: &DatabaseUrl) -> String {
    format!("--lock-wait-timeout={}", session_limit(limit(url)))
}
