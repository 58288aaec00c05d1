//! Time limits and numbers of attempts.

use std::time::Duration;

use http_requests::RetryLimits;

/// Time limits, and numbers of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time limit of an API request, including its response.
    pub request: Duration,
    /// Maximum time between two pieces of a download; after that, the connection is given up.
    pub silence: Duration,
    /// Number of attempts of a request, and of a download without progress.
    pub retry: RetryLimits,
    /// Interval between status requests for a backup in progress.
    pub poll: Duration,
    /// Maximum time to wait for a backup in progress.
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
