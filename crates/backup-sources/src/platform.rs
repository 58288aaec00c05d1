//! Common parts of the platforms' APIs: JSON requests with retries, and downloads from URLs that need no
//! further authorization.

use std::time::Duration;

use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt};
use http_requests::{
    Redirects, RetryLimits, Secret, Try, describe, excerpt, failure, redacted, retried, retry_after,
};
use progress::CancellationToken;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use reqwest_retry::{Retryable, default_on_request_success};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Error, Limits, OpenError, Opened};

/// The response to an authorized or unauthorized request.
pub(crate) enum Answer<T> {
    /// The request succeeded.
    Good(T),
    /// The token is not accepted, or no longer.
    Unauthorized(Error),
}

/// One platform's API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) retry: RetryLimits,
}

impl Api {
    pub(crate) fn new(limits: &Limits) -> Result<Self, Error> {
        let client = http_requests::client(limits.request, Redirects::All)
            .map_err(|error| Error::Configuration(describe(error)))?;
        Ok(Self { client, retry: limits.retry })
    }

    /// Sends `request` until it is answered, and parses the JSON response. `what` is its purpose, `hint`
    /// what to do on 403 or 404; `secret` is kept out of errors.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        url: &Url,
        (what, hint): (&str, &str),
        secret: &Secret,
        cancel: &CancellationToken,
    ) -> Result<Answer<T>, Error> {
        let attempt = || {
            let request = request.try_clone();
            async move {
                let Some(request) = request else {
                    let reason = "no request could be made".to_owned();
                    return Try::Ended(Err(Error::Unreachable { url: redacted(url), reason }));
                };
                one_try(request, url, (what, hint), secret).await
            }
        };
        retried(self.retry, cancel, attempt).await.ok_or(Error::Cancelled)?
    }
}

async fn one_try<T: DeserializeOwned>(
    request: RequestBuilder,
    url: &Url,
    (what, hint): (&str, &str),
    secret: &Secret,
) -> Try<Answer<T>, Error> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return broken(error, url),
    };
    let status = response.status();
    match default_on_request_success(&response) {
        None => {}
        Some(Retryable::Transient) => {
            let wait = retry_after(response.headers(), Utc::now());
            return Try::Again(rejected(response, what, "", secret.expose()).await, wait);
        }
        Some(Retryable::Fatal) => {
            let hint = match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => hint,
                _ => "",
            };
            let error = rejected(response, what, hint, secret.expose()).await;
            return Try::Ended(if status == StatusCode::UNAUTHORIZED {
                Ok(Answer::Unauthorized(error))
            } else {
                Err(error)
            });
        }
    }
    match response.bytes().await {
        Err(error) => broken(error, url),
        Ok(body) => Try::Ended(match serde_json::from_slice(&body) {
            Ok(answer) => Ok(Answer::Good(answer)),
            // The value may be a token, so only its position is shown.
            Err(error) => Err(Error::Answer {
                what: what.into(),
                url: redacted(url),
                reason: format!(
                    "not the documented JSON (line {} column {})",
                    error.line(),
                    error.column()
                ),
            }),
        }),
    }
}

fn broken<T>(error: reqwest::Error, url: &Url) -> Try<T, Error> {
    let (may_pass, reason) = failure(error);
    let error = Error::Unreachable { url: redacted(url), reason };
    if may_pass { Try::Again(error, None) } else { Try::Ended(Err(error)) }
}

async fn rejected(mut response: Response, what: &str, hint: &str, secret: &str) -> Error {
    let url = redacted(response.url());
    let status = response.status().as_u16();
    let body = match http_requests::redirect_target(&response) {
        Some(target) => format!("a redirect to {target}"),
        None => {
            let body = response.chunk().await.ok().flatten().unwrap_or_default();
            excerpt(&body, secret)
        }
    };
    Error::Status { what: what.into(), url, status, body, hint: hint.into() }
}

/// Opens `url` at byte `from`, if it is still `version`.
pub(crate) async fn open_url(
    client: &Client,
    url: &Url,
    from: u64,
    version: Option<&str>,
) -> Result<Opened, OpenError> {
    // Positions count the bytes of the file itself.
    let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
        // A weak ETag does not identify bytes (RFC 9110, 13.1.5).
        if let Some(version) = version.filter(|version| !version.starts_with("W/")) {
            request = request.header(IF_RANGE, version);
        }
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let (may_pass, reason) = failure(error);
            let error = Error::Unreachable { url: redacted(url), reason };
            return Err(OpenError { error: Box::new(error), may_pass, wait: None });
        }
    };
    match response.status() {
        StatusCode::OK => Ok(opened(0, response.content_length(), response)),
        StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
            Some((from, total)) => Ok(opened(from, total, response)),
            None => Err(OpenError::lasting(Error::Answer {
                what: "resume the download".into(),
                url: redacted(url),
                reason: "status 206 without a readable Content-Range".into(),
            })),
        },
        status => {
            let may_pass =
                matches!(default_on_request_success(&response), Some(Retryable::Transient));
            let wait: Option<Duration> = retry_after(response.headers(), Utc::now());
            let hint = match status {
                StatusCode::NOT_FOUND | StatusCode::GONE => "the backup no longer exists",
                _ => "",
            };
            let error = rejected(response, "download the backup", hint, "").await;
            Err(OpenError { error: Box::new(error), may_pass, wait })
        }
    }
}

fn opened(from: u64, total: Option<u64>, response: Response) -> Opened {
    let header = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let version = header(ETAG).or_else(|| header(LAST_MODIFIED));
    let body = response.bytes_stream().map_err(describe).boxed();
    Opened { from, total, version, body }
}

/// `bytes 100-199/200`: the position of the first byte, and the total length.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read() {
        let read = |value: &str| {
            content_range(&HeaderMap::from_iter([(CONTENT_RANGE, value.parse().unwrap())]))
        };
        assert_eq!(read("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(read("bytes 100-199/*"), Some((100, None)));
        assert_eq!(read("bytes */200"), None);
        assert_eq!(read("items 1-2/3"), None);
        assert_eq!(content_range(&HeaderMap::new()), None);
    }
}
