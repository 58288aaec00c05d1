//! HTTP clients, and the redirects that they follow.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::redact::redacted;

/// Time limit for a TCP connection and its TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval of keep-alive probes, because platforms close idle connections.
const KEEPALIVE: Duration = Duration::from_secs(60);

const USER_AGENT: &str = concat!("replication/", env!("CARGO_PKG_VERSION"));

/// Maximum number of consecutive redirects.
const REDIRECTS: usize = 5;

/// Redirects that a client follows: only to the same scheme, host and port, because the next request
/// carries the same secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// All kinds: the request is a GET.
    All,
    /// Only 307 and 308: the others turn a POST into a GET, which notifies nobody.
    KeepingMethod,
}

/// rustls needs a default provider for the process before the first client is built, even for http URLs.
pub fn install_tls_provider() {
    // An error means that the process already has one, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client with `timeout` for a whole request, including its body.
///
/// # Errors
/// When no client can be created.
pub fn client(timeout: Duration, redirects: Redirects) -> Result<Client, reqwest::Error> {
    install_tls_provider();
    Client::builder()
        .user_agent(USER_AGENT)
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .tcp_keepalive(KEEPALIVE)
        .redirect(Policy::custom(move |attempt| follow(attempt, redirects)))
        .build()
}

/// A client for long downloads: no limit for the whole, but `read_timeout` for each piece.
///
/// A download has no secret except its own URL, so redirects to other hosts are followed, but not from
/// https to http.
///
/// # Errors
/// When no client can be created.
pub fn download_client(read_timeout: Duration) -> Result<Client, reqwest::Error> {
    install_tls_provider();
    Client::builder()
        .user_agent(USER_AGENT)
        .read_timeout(read_timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(read_timeout))
        .tcp_keepalive(KEEPALIVE)
        .redirect(Policy::custom(follow_a_download))
        .build()
}

fn follow_a_download(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_https = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    let is_safe = !was_https || attempt.url().scheme() == "https";
    if is_safe && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
}

fn follow(attempt: Attempt<'_>, redirects: Redirects) -> reqwest::redirect::Action {
    let keeps_method =
        matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let same_origin =
        attempt.previous().last().is_some_and(|url| url.origin() == attempt.url().origin());
    let followed = same_origin && (keeps_method || redirects == Redirects::All);
    if followed && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// The destination of a redirect that was not followed, without its secrets.
pub fn redirect_target(response: &Response) -> Option<String> {
    let location = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    response.status().is_redirection().then(|| redacted(&target))
}

/// The URL without its user and password, which reqwest would turn into a second `Authorization` header.
pub fn without_credentials(url: &Url) -> Url {
    let mut bare = url.clone();
    // These fail only for URLs without a host, which the configuration rejects.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}
