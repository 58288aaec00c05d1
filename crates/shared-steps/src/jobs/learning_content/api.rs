//! Client of the content API: one GET request fetches everything. The response is stored in an unnamed
//! file.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use progress::Context;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response};
use reqwest_retry::{Retryable, default_on_request_success};
use url::Url;

use super::answer::Answer;
use super::error::Error;
use super::format::Route;
use super::load_progress::Phase;
use super::settings::LearningContentSettings;
use crate::http::{
    self, Redirects, Try, describe, excerpt, failure, redacted, retried, retry_after,
};

/// A larger response cannot be learning content, and would fill the disk.
const LARGEST_ANSWER: u64 = 16 << 30;

/// Bytes between two progress reports.
const PROGRESS_STEP: u64 = 1 << 20;

/// Time limit of `worker --check` for a response.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes received over all attempts, so that progress never decreases.
struct Received<'a> {
    highest: AtomicU64,
    context: &'a Context,
}

impl Received<'_> {
    fn report(&self, bytes: u64, expected: Option<u64>) {
        if bytes >= self.highest.load(Ordering::Relaxed) + PROGRESS_STEP {
            self.highest.store(bytes, Ordering::Relaxed);
            let done = expected.map_or(0.0, |expected| bytes as f64 / expected as f64);
            Phase::Fetch.report(self.context, done, None, 0, bytes);
        }
    }
}

/// What to request next if the API does not have a route: a content API has one of them.
fn other_route<T>(result: &Result<T, Error>, other: Option<Route>) -> Option<Route> {
    let Err(Error::Status { status: 404, url, .. }) = result else { return None };
    let other = other?;
    tracing::info!("The content API has no {url} (404): the older route is asked");
    Some(other)
}

/// Gets the whole content, with retries on 408, 429, 5xx, timeouts and broken connections.
pub(super) async fn fetch(
    settings: &LearningContentSettings,
    api: &Url,
    context: &Context,
) -> Result<Answer, Error> {
    let (route, other) = settings.format.routes();
    let result = fetch_route(settings, api, route, context).await;
    match other_route(&result, other) {
        Some(route) => fetch_route(settings, api, route, context).await,
        None => result,
    }
}

async fn fetch_route(
    settings: &LearningContentSettings,
    api: &Url,
    route: Route,
    context: &Context,
) -> Result<Answer, Error> {
    let url = &endpoint(api, route);
    let client = client(url, settings.timeout)?;
    let get = client.get(http::without_credentials(url)).headers(headers(settings, route)?);
    let received = &Received { highest: AtomicU64::new(0), context };
    let attempt = || {
        let get = get.try_clone();
        async move {
            match get {
                Some(get) => one_try(get, settings, (url, route), received).await,
                None => Try::Ended(Err(unreachable_api(url, "no request could be made".into()))),
            }
        }
    };
    retried(settings.retry, &context.cancel, attempt).await.ok_or(Error::Cancelled)?
}

/// Requests the content, and reads only the beginning of the response.
pub(super) async fn check(settings: &LearningContentSettings, api: &Url) -> Result<String, Error> {
    let (route, other) = settings.format.routes();
    let result = check_route(settings, api, route).await;
    match other_route(&result, other) {
        Some(route) => check_route(settings, api, route).await,
        None => result,
    }
}

async fn check_route(
    settings: &LearningContentSettings,
    api: &Url,
    route: Route,
) -> Result<String, Error> {
    let url = &endpoint(api, route);
    let get = client(url, CHECK_TIMEOUT)?
        .get(http::without_credentials(url))
        .headers(headers(settings, route)?);
    let mut response = get.send().await.map_err(|error| unreachable_api(url, describe(error)))?;
    if !response.status().is_success() {
        return Err(refused(response, settings, url).await);
    }
    let content_type = content_type(&response, settings);
    let status = response.status().as_u16();
    let wrong = |reason: &str, body: &[u8]| Error::Answer {
        expected: route.expected(),
        reason: reason.into(),
        status,
        content_type: content_type.clone(),
        bytes: body.len() as u64,
        body: excerpt(body, settings.api_key.expose()),
    };
    match route {
        Route::Airtable if !content_type.to_ascii_lowercase().contains("json") => {
            return Err(wrong("its content type is wrong", &[]));
        }
        Route::Airtable => {}
        // Its content type is not conclusive; the first document is.
        Route::Stream => {
            let first =
                response.chunk().await.map_err(|error| unreachable_api(url, describe(error)));
            let first = first?.unwrap_or_default();
            if first.trim_ascii_start().first() != Some(&b'{') {
                return Err(wrong("it does not begin with a document", &first));
            }
        }
    }
    Ok(format!("{} answers {status} ({content_type})", redacted(url)))
}

fn client(url: &Url, timeout: Duration) -> Result<Client, Error> {
    http::client(timeout, Redirects::All).map_err(|error| unreachable_api(url, describe(error)))
}

/// Path below `LCMS_API_URL`.
fn endpoint(api: &Url, route: Route) -> Url {
    let mut url = api.clone();
    // It fails only for URLs without a host, which the configuration rejects.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(route.path());
    }
    url
}

fn headers(settings: &LearningContentSettings, route: Route) -> Result<HeaderMap, Error> {
    let header = |variable, text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Error::Header { variable, reason: error.to_string() })
    };
    let key = settings.api_key.expose();
    let (name, key) = match route {
        Route::Airtable => (AUTHORIZATION, format!("Bearer {key}")),
        Route::Stream => (HeaderName::from_static("x-api-key"), key.to_owned()),
    };
    let mut key = header("LCMS_API_KEY", &key)?;
    key.set_sensitive(true);
    let client = header("APP", &settings.client)?;
    Ok(HeaderMap::from_iter([(name, key), (HeaderName::from_static("client"), client)]))
}

async fn one_try(
    request: RequestBuilder,
    settings: &LearningContentSettings,
    (url, route): (&Url, Route),
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
        None => read(response, settings, (url, route), received).await,
        Some(Retryable::Transient) => {
            let wait = retry_after(response.headers(), Utc::now());
            Try::Again(refused(response, settings, url).await, wait)
        }
        Some(Retryable::Fatal) => Try::Ended(Err(refused(response, settings, url).await)),
    }
}

/// Reads the body; if the connection breaks, the request is repeated.
async fn read(
    mut response: Response,
    settings: &LearningContentSettings,
    (url, route): (&Url, Route),
    received: &Received<'_>,
) -> Try<Answer, Error> {
    let (status, content_type) = (response.status().as_u16(), content_type(&response, settings));
    let expected = response.content_length().filter(|length| *length > 0);
    let mut file = match tempfile::tempfile() {
        Ok(file) => file,
        Err(error) => return Try::Ended(Err(Error::Spool(error))),
    };
    let mut bytes = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes += chunk.len() as u64;
                if bytes > LARGEST_ANSWER {
                    return Try::Ended(Err(Error::Answer {
                        expected: route.expected(),
                        reason: format!("it is longer than {LARGEST_ANSWER} bytes"),
                        status,
                        content_type,
                        bytes,
                        body: String::new(),
                    }));
                }
                if let Err(error) = file.write_all(&chunk) {
                    return Try::Ended(Err(Error::Spool(error)));
                }
            }
            Ok(None) => {
                let file = Arc::new(file);
                return Try::Ended(Ok(Answer { route, status, content_type, bytes, file }));
            }
            Err(error) => {
                let reason =
                    format!("the answer broke off after {bytes} bytes: {}", describe(error));
                return Try::Again(unreachable_api(url, reason), None);
            }
        }
        received.report(bytes, expected);
    }
}

async fn refused(mut response: Response, settings: &LearningContentSettings, url: &Url) -> Error {
    let key = settings.api_key.expose();
    let redirect = http::redirect_target(&response).map(|target| excerpt(target.as_bytes(), key));
    let content_type = content_type(&response, settings);
    let status = response.status().as_u16();
    // The first piece is sufficient to identify an error page.
    let body = response.chunk().await.ok().flatten().unwrap_or_default();
    Error::Status { url: redacted(url), status, content_type, body: excerpt(&body, key), redirect }
}

fn unreachable_api(url: &Url, reason: String) -> Error {
    Error::Unreachable { url: redacted(url), reason }
}

/// Without the key, in case the API echoed it.
fn content_type(response: &Response, settings: &LearningContentSettings) -> String {
    response.headers().get(CONTENT_TYPE).map_or_else(
        || "no content type".into(),
        |value| excerpt(value.as_bytes(), settings.api_key.expose()),
    )
}
