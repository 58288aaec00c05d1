//! Trying a request again within one attempt of a job.
//!
//! reqwest-retry says which failures may pass and how long to wait; its middleware is not used,
//! because it knows neither `Retry-After` nor cancellation, and ends before the body is read.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_retry::{Jitter, RetryDecision, RetryPolicy, Retryable, default_on_request_failure};
use tokio_util::sync::CancellationToken;

use crate::redact::describe;

/// How often a request is tried again, and how long is waited between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// Tries after the first.
    pub retries: u32,
    /// The wait before the first of them; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait, unless the server asks for more.
    pub longest_wait: Duration,
    /// The longest `Retry-After` that is waited for; a server that asks for more has failed.
    pub longest_asked_wait: Duration,
}

impl RetryLimits {
    /// How long to wait before another try, after `past_retries` of them and with the wait that the
    /// server asks for; `None` when it is time to give up.
    #[must_use]
    pub fn wait(self, past_retries: u32, asked: Option<Duration>) -> Option<Duration> {
        let policy = ExponentialBackoff::builder()
            .retry_bounds(self.first_wait, self.longest_wait.max(self.first_wait))
            .jitter(Jitter::Bounded)
            .build_with_max_retries(self.retries);
        let now = SystemTime::now();
        let RetryDecision::Retry { execute_after } = policy.should_retry(now, past_retries) else {
            return None;
        };
        match asked {
            Some(asked) if asked > self.longest_asked_wait => None,
            Some(asked) => Some(asked),
            None => Some(execute_after.duration_since(now).unwrap_or_default()),
        }
    }
}

/// How one try ended.
pub enum Try<T, E> {
    /// It need not, or must not, be repeated.
    Ended(Result<T, E>),
    /// It failed, and another try may succeed, after this wait when the server named one.
    Again(E, Option<Duration>),
}

/// Repeats `attempt` within `limits`; `None` when it was cancelled.
pub async fn retried<T, E, F>(
    limits: RetryLimits,
    cancel: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Option<Result<T, E>>
where
    E: Display,
    F: Future<Output = Try<T, E>>,
{
    for past_retries in 0.. {
        let (error, asked) = match cancel.run_until_cancelled(attempt()).await? {
            Try::Ended(result) => return Some(result),
            Try::Again(error, asked) => (error, asked),
        };
        let Some(wait) = limits.wait(past_retries, asked) else { return Some(Err(error)) };
        tracing::warn!(
            wait_seconds = wait.as_secs_f64(),
            retry = past_retries + 1,
            retries = limits.retries,
            "{error}; trying again in {:.1} s",
            wait.as_secs_f64()
        );
        cancel.run_until_cancelled(tokio::time::sleep(wait)).await?;
    }
    None
}

/// Whether a request that failed in this way may succeed later, and why it failed.
pub fn failure(error: reqwest::Error) -> (bool, String) {
    let error = reqwest_middleware::Error::from(error);
    let may_pass = matches!(default_on_request_failure(&error), Some(Retryable::Transient));
    let reason = match error {
        reqwest_middleware::Error::Reqwest(error) => describe(error),
        reqwest_middleware::Error::Middleware(error) => error.to_string(),
    };
    (may_pass, reason)
}

/// The wait that a server asks for, in either form of RFC 9110, 10.2.3: seconds or a date.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        retry_after(&headers, "2026-11-20T05:10:00Z".parse().unwrap())
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Fri, 20 Nov 2026 05:10:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Fri, 20 Nov 2026 05:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), Utc::now()), None);
    }
}
