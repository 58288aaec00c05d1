//! Clients, and which redirects they follow.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::redact::redacted;

/// How long a TCP connection and its TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two probes of an idle connection; a platform cuts what it believes dead.
const KEEPALIVE: Duration = Duration::from_secs(60);

const USER_AGENT: &str = concat!("replication/", env!("CARGO_PKG_VERSION"));

/// Redirects followed in a row.
const REDIRECTS: usize = 5;

/// Which redirects a client follows; always to the same scheme, host and port only, because the
/// next request carries the same secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Every kind: the request is a GET.
    All,
    /// 307 and 308 alone: the others turn a POST into a GET, which notifies nobody.
    KeepingMethod,
}

/// rustls needs a provider for the process before the first client is built, even for http URLs.
pub fn install_tls_provider() {
    // An error says that the process has one already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client whose requests, body included, take `timeout` at most.
///
/// # Errors
/// When no client can be made.
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

/// A client for long downloads: no limit for the whole, `read_timeout` for each piece.
///
/// A download carries no secret but its own URL, so redirects may lead to another host; not from
/// https to http.
///
/// # Errors
/// When no client can be made.
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

/// Where a redirect that was not followed leads, without its secrets.
pub fn redirect_target(response: &Response) -> Option<String> {
    let location = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    response.status().is_redirection().then(|| redacted(&target))
}

/// The URL without its user and password: reqwest would turn them into an `Authorization` header
/// beside the one that is wanted.
pub fn without_credentials(url: &Url) -> Url {
    let mut bare = url.clone();
    // These fail only for URLs without a host, which the configuration refuses.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}
