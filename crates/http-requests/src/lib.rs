//! HTTP clients of the steps and of the backup sources: TLS by rustls, proxies from the environment
//! (`HTTPS_PROXY`, `NO_PROXY` …), limits of time, redirects that never carry a secret elsewhere,
//! retries, and how URLs, errors and answers may be shown.

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
