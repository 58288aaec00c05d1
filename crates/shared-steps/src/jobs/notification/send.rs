//! Sending of one webhook.
//!
//! A webhook is not idempotent: a receiver that counts runs must not count one twice. A request is
//! therefore repeated only if the receiver cannot have acted on it: the connection could not be made, or
//! the response was 429 or 503, which means that the request was not accepted. A timeout, a broken
//! connection, and any other status are failures at once; an operator decides about `restart`.

use std::time::{Duration, Instant};

use chrono::Utc;
use progress::{CancellationToken, PhaseSummary, Summary};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::entry::{Format, Notification};
use super::report::RunReport;
use crate::http::{
    self, Redirects, RetryLimits, Try, describe, excerpt, redirect_target, retried, retry_after,
};

/// The phase's name in progress and summary.
pub(super) const PHASE: &str = "notifications";

/// What was delivered so far.
pub(super) struct Outcome {
    start: Instant,
    delivered: u64,
    bytes: u64,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { start: Instant::now(), delivered: 0, bytes: 0 }
    }
}

impl Outcome {
    pub(super) fn delivered(&mut self, bytes: u64) {
        self.delivered += 1;
        self.bytes += bytes;
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn summary(&self) -> Summary {
        let phase = PhaseSummary {
            name: PHASE.into(),
            objects: self.delivered,
            rows: 0,
            bytes: self.bytes,
            seconds: self.start.elapsed().as_secs_f64(),
        };
        phase.into()
    }
}

/// Posts to one URL; returns the length of the body, or why it failed. `None` if cancelled.
pub(super) async fn send(
    entry: &Notification,
    report: &RunReport,
    timeout: Duration,
    retry: RetryLimits,
    cancel: &CancellationToken,
) -> Option<Result<u64, String>> {
    let (request, bytes) = match request(entry, report, timeout) {
        Ok(request) => request,
        Err(reason) => return Some(Err(reason)),
    };
    let attempt = || {
        let request = request.try_clone();
        async move {
            match request {
                Some(request) => one_try(request, entry).await,
                None => Try::Ended(Err("no request could be made".into())),
            }
        }
    };
    Some(retried(retry, cancel, attempt).await?.map(|()| bytes))
}

fn request(
    entry: &Notification,
    report: &RunReport,
    timeout: Duration,
) -> Result<(RequestBuilder, u64), String> {
    let body = match entry.format {
        Format::Empty => "{}".to_owned(),
        Format::Json => serde_json::to_string(report).map_err(|error| error.to_string())?,
    };
    let bytes = body.len() as u64;
    let client = http::client(timeout, Redirects::KeepingMethod).map_err(describe)?;
    let request = match &entry.token {
        // reqwest sends the user and password in a URL; with a token, only the token is sent.
        None => client.post(entry.url.0.clone()),
        Some(token) => {
            let mut token =
                HeaderValue::from_str(token.expose()).map_err(|error| format!("token: {error}"))?;
            token.set_sensitive(true);
            client.post(http::without_credentials(&entry.url.0)).header(AUTHORIZATION, token)
        }
    };
    Ok((request.header(CONTENT_TYPE, "application/json").body(body), bytes))
}

async fn one_try(request: RequestBuilder, entry: &Notification) -> Try<(), String> {
    match request.send().await {
        Err(error) if error.is_connect() => Try::Again(describe(error), None),
        Err(error) => Try::Ended(Err(describe(error))),
        Ok(response) if response.status().is_success() => Try::Ended(Ok(())),
        Ok(response) => {
            let not_taken = matches!(
                response.status(),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            );
            let asked = retry_after(response.headers(), Utc::now());
            let reason = refusal(response, entry).await;
            if not_taken { Try::Again(reason, asked) } else { Try::Ended(Err(reason)) }
        }
    }
}

/// The status and the beginning of the response.
async fn refusal(mut response: Response, entry: &Notification) -> String {
    let status = response.status();
    if let Some(target) = redirect_target(&response) {
        return format!(
            "answered {status} to {target}, which is not followed: put the new URL into NOTIFICATIONS"
        );
    }
    let body = response.chunk().await.ok().flatten().unwrap_or_default();
    let secret = entry.token.as_ref().map_or("", |token| token.expose());
    match excerpt(&body, secret).as_str() {
        "" => format!("answered {status}"),
        shown => format!("answered {status}: \"{shown}\""),
    }
}
