//! How long anything may take.

use std::time::Duration;

use http_requests::RetryLimits;

/// How long is waited for what, and how often it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One request to an API, its answer included.
    pub request: Duration,
    /// Between two pieces of a download; a connection that is silent longer is given up.
    pub silence: Duration,
    /// How often a request is tried again, and a download that does not get on.
    pub retry: RetryLimits,
    /// Between two looks at a backup that is being made.
    pub poll: Duration,
    /// How long a backup may be in the making while it is waited for.
    pub making: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            silence: Duration::from_secs(60),
            retry: RetryLimits {
                retries: 5,
                first_wait: Duration::from_secs(1),
                longest_wait: Duration::from_secs(30),
                longest_asked_wait: Duration::from_secs(300),
            },
            poll: Duration::from_secs(15),
            making: Duration::from_secs(3 * 60 * 60),
        }
    }
}
