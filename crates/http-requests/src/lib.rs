//! HTTP clients of the steps and backup sources: TLS by rustls, proxies from the environment
//! (`HTTPS_PROXY`, `NO_PROXY` …), time limits, redirects that never pass a secret to another host, retries,
//! and redaction of URLs, errors and responses.

mod client;
mod redact;
mod retry;
mod secret;

pub use client::{
    Redirects, client, download_client, install_tls_provider, redirect_target, without_credentials,
};
pub use redact::{describe, excerpt, kind, redacted, with_causes};
pub use retry::{RetryLimits, Try, failure, retried, retry_after};
pub use secret::{Secret, SecretUrl};
