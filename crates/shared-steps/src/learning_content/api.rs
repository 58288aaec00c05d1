//! The content API: one GET that answers everything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::Utc;
use pg_replicate::Context;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response};
use reqwest_retry::{Retryable, default_on_request_success};
use url::Url;

use super::progress::Phase;
use super::{Error, LearningContentSettings};
use crate::http::{
    self, Redirects, Try, describe, excerpt, failure, redacted, retried, retry_after,
};

/// More than this is no learning content; the process would be killed for its memory.
const LARGEST_ANSWER: usize = 1 << 30;

/// Bytes between two reports of progress.
const PROGRESS_STEP: usize = 1 << 20;

/// What `worker --check` waits for an answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15);

/// A whole answer with a status of success.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// The bytes received, over all tries: progress never goes back.
struct Received<'a> {
    highest: AtomicUsize,
    context: &'a Context,
}

impl Received<'_> {
    fn report(&self, bytes: usize, expected: Option<u64>) {
        if bytes >= self.highest.load(Ordering::Relaxed) + PROGRESS_STEP {
            self.highest.store(bytes, Ordering::Relaxed);
            let done = expected.map_or(0.0, |expected| bytes as f64 / expected as f64);
            Phase::Fetch.report(self.context, done, None, 0, bytes as u64);
        }
    }
}

/// Gets the whole content, trying again on 408, 429, 5xx, time-outs and broken connections.
pub(super) async fn fetch(
    settings: &LearningContentSettings,
    url: &Url,
    context: &Context,
) -> Result<Answer, Error> {
    let client = client(url, settings.timeout)?;
    let headers = headers(settings)?;
    let get = client.get(http::without_credentials(url)).headers(headers);
    let received = &Received { highest: AtomicUsize::new(0), context };
    let attempt = || {
        let get = get.try_clone();
        async move {
            match get {
                Some(get) => one_try(get, settings, url, received).await,
                None => Try::Ended(Err(unreachable_api(url, "no request could be made".into()))),
            }
        }
    };
    retried(settings.retry, &context.cancel, attempt).await.ok_or(Error::Cancelled)?
}

/// Asks for the content and reads only how the answer begins.
pub(super) async fn check(settings: &LearningContentSettings, url: &Url) -> Result<String, Error> {
    let get =
        client(url, CHECK_TIMEOUT)?.get(http::without_credentials(url)).headers(headers(settings)?);
    let response = get.send().await.map_err(|error| unreachable_api(url, describe(error)))?;
    if !response.status().is_success() {
        return Err(refused(response, settings, url).await);
    }
    let content_type = content_type(&response);
    if !content_type.to_ascii_lowercase().contains("json") {
        return Err(Error::Answer {
            reason: "its content type is wrong".into(),
            status: response.status().as_u16(),
            content_type,
            bytes: 0,
            body: String::new(),
        });
    }
    Ok(format!("{} answers {} ({content_type})", redacted(url), response.status().as_u16()))
}

fn client(url: &Url, timeout: Duration) -> Result<Client, Error> {
    http::client(timeout, Redirects::All).map_err(|error| unreachable_api(url, describe(error)))
}

fn headers(settings: &LearningContentSettings) -> Result<HeaderMap, Error> {
    let header = |variable, text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Error::Header { variable, reason: error.to_string() })
    };
    let mut key = header("LCMS_API_KEY", &format!("Bearer {}", settings.api_key.expose()))?;
    key.set_sensitive(true);
    let client = header("APP", &settings.client)?;
    Ok(HeaderMap::from_iter([(AUTHORIZATION, key), (HeaderName::from_static("client"), client)]))
}

async fn one_try(
    request: RequestBuilder,
    settings: &LearningContentSettings,
    url: &Url,
    received: &Received<'_>,
) -> Try<Answer, Error> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let (may_pass, reason) = failure(error);
            let error = unreachable_api(url, reason);
            return if may_pass { Try::Again(error, None) } else { Try::Ended(Err(error)) };
        }
    };
    match default_on_request_success(&response) {
        None => read(response, url, received).await,
        Some(Retryable::Transient) => {
            let wait = retry_after(response.headers(), Utc::now());
            Try::Again(refused(response, settings, url).await, wait)
        }
        Some(Retryable::Fatal) => Try::Ended(Err(refused(response, settings, url).await)),
    }
}

/// Reads the body; a connection that breaks within it is worth another try.
async fn read(mut response: Response, url: &Url, received: &Received<'_>) -> Try<Answer, Error> {
    let (status, content_type) = (response.status().as_u16(), content_type(&response));
    let expected = response.content_length().filter(|length| *length > 0);
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                return Try::Ended(Err(Error::Answer {
                    reason: format!("it is longer than {LARGEST_ANSWER} bytes"),
                    status,
                    content_type,
                    bytes: body.len() + chunk.len(),
                    body: String::new(),
                }));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => {
                return Try::Ended(Ok(Answer { status, content_type, body: body.freeze() }));
            }
            Err(error) => {
                let reason =
                    format!("the answer broke off after {} bytes: {}", body.len(), describe(error));
                return Try::Again(unreachable_api(url, reason), None);
            }
        }
        received.report(body.len(), expected);
    }
}

async fn refused(mut response: Response, settings: &LearningContentSettings, url: &Url) -> Error {
    let redirect = http::redirect_target(&response);
    let content_type = content_type(&response);
    let status = response.status().as_u16();
    // The first piece is enough to know whose error page it is.
    let body = response.chunk().await.ok().flatten().unwrap_or_default();
    Error::Status {
        url: redacted(url),
        status,
        content_type,
        body: excerpt(&body, settings.api_key.expose()),
        redirect,
    }
}

fn unreachable_api(url: &Url, reason: String) -> Error {
    Error::Unreachable { url: redacted(url), reason }
}

fn content_type(response: &Response) -> String {
    response.headers().get(CONTENT_TYPE).map_or_else(
        || "no content type".into(),
        |value| String::from_utf8_lossy(value.as_bytes()).into(),
    )
}
