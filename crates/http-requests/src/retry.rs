//! Retries of a request within one attempt of a job.
//!
//! reqwest-retry decides which failures are transient and how long to wait. Its middleware is not used,
//! because it supports neither `Retry-After` nor cancellation, and ends before the body is read.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_retry::{Jitter, RetryDecision, RetryPolicy, Retryable, default_on_request_failure};
use tokio_util::sync::CancellationToken;

use crate::redact::describe;

/// Number of retries, and the delays between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// Number of attempts after the first.
    pub retries: u32,
    /// The delay before the first retry; it doubles each time.
    pub first_wait: Duration,
    /// The longest delay, unless the server asks for more.
    pub longest_wait: Duration,
    /// The longest accepted `Retry-After`; if a server asks for more, the request has failed.
    pub longest_asked_wait: Duration,
}

impl RetryLimits {
    /// The delay before the next retry, after `past_retries` retries and with the delay that the server
    /// asks for; `None` if it is time to give up.
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

/// Result of one attempt.
pub enum Try<T, E> {
    /// It need not or must not be repeated.
    Ended(Result<T, E>),
    /// It failed, but another attempt may succeed, after this delay if the server specified one.
    Again(E, Option<Duration>),
}

/// Repeats `attempt` within `limits`; `None` if it was cancelled.
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

/// The delay that a server asks for, in either form of RFC 9110, 10.2.3: seconds or a date.
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
