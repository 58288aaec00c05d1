//! HTTP clients of the steps: TLS by rustls, proxies from the environment (`HTTPS_PROXY`,
//! `NO_PROXY` …), limits of time, redirects that never carry a secret elsewhere, retries.

mod redact;
mod retry;

use std::fmt;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};
use url::Url;

pub use retry::RetryLimits;

pub(crate) use redact::{describe, excerpt, kind, redacted};
pub(crate) use retry::{Try, failure, retried, retry_after};

/// How long a TCP connection and its TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two probes of an idle connection; a platform cuts what it believes dead.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Redirects followed in a row.
const REDIRECTS: usize = 5;

/// A text that is never logged: a key, a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the request alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

/// A URL that may hold secrets: it is shown without its password and the values of its query.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(pub Url);

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which redirects a client follows; always to the same scheme, host and port only, because the
/// next request carries the same secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// Every kind: the request is a GET.
    All,
    /// 307 and 308 alone: the others turn a POST into a GET, which notifies nobody.
    KeepingMethod,
}

/// rustls needs a provider for the process before the first client is built, even for http URLs.
pub(crate) fn install_tls_provider() {
    // An error says that the process has one already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client whose requests, body included, take `timeout` at most.
pub(crate) fn client(timeout: Duration, redirects: Redirects) -> Result<Client, reqwest::Error> {
    install_tls_provider();
    Client::builder()
        .user_agent(concat!("replication/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .tcp_keepalive(KEEPALIVE)
        .redirect(Policy::custom(move |attempt| follow(attempt, redirects)))
        .build()
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
pub(crate) fn redirect_target(response: &Response) -> Option<String> {
    let location = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(location).ok()?;
    response.status().is_redirection().then(|| redacted(&target))
}

/// The URL without its user and password: reqwest would turn them into an `Authorization` header
/// beside the one that is wanted.
pub(crate) fn without_credentials(url: &Url) -> Url {
    let mut bare = url.clone();
    // These fail only for URLs without a host, which the configuration refuses.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}
