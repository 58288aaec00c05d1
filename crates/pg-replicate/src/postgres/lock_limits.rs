//! How long locks are waited for.

use std::time::Duration;

use crate::DatabaseUrl;

/// Where nobody has set a limit.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// What sessions wait longer than the limit, so that whoever looks at locks comes first and names them.
const LATER: Duration = Duration::from_secs(2);

/// How long a lock may be waited for.
pub(crate) fn limit(url: &DatabaseUrl) -> Duration {
    url.lock_timeout().unwrap_or(DEFAULT_LIMIT)
}

/// The server's own limit for a session, in milliseconds, where nobody looks at the locks meanwhile.
pub(crate) fn session_limit(limit: Duration) -> u128 {
    (limit + LATER).as_millis()
}

/// pg_dump's option for the locks that it takes at its beginning.
pub(crate) fn pg_dump_option(url: &DatabaseUrl) -> String {
    format!("--lock-wait-timeout={}", session_limit(limit(url)))
}
