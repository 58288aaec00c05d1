//! Where the content comes from and where it goes.

use std::time::Duration;

use pg_replicate::{DatabaseUrl, OnTarget};
use url::Url;

use super::format::ContentFormat;
use crate::http::{RetryLimits, Secret, SecretUrl};

/// Time limit of a request, including its body.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Three retries within one attempt of the job; the job's own attempts are independent.
const RETRY: RetryLimits = RetryLimits {
    retries: 3,
    first_wait: Duration::from_secs(2),
    longest_wait: Duration::from_secs(30),
    longest_asked_wait: Duration::from_secs(120),
};

/// Where the content comes from, and where it is loaded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LearningContentSettings {
    /// `LCMS_API_URL`, without the route; if absent, the step is skipped.
    pub api_url: Option<SecretUrl>,
    /// `LCMS_API_FORMAT`.
    pub format: ContentFormat,
    /// `LCMS_API_KEY`.
    pub api_key: Secret,
    /// The header `client`: `APP`.
    pub client: String,
    /// The database that is written to.
    pub target: DatabaseUrl,
    /// Its schema.
    pub schema: String,
    /// Time limit of a request, including its body.
    pub timeout: Duration,
    /// Retries of the request within one attempt.
    pub retry: RetryLimits,
    /// How readers of the old tables are treated.
    pub on_target: OnTarget,
}

impl LearningContentSettings {
    /// The defaults: schema `public`, three minutes for a request, three retries.
    #[must_use]
    pub fn new(api_url: Option<Url>, api_key: &str, client: &str, target: DatabaseUrl) -> Self {
        Self {
            api_url: api_url.map(SecretUrl),
            format: ContentFormat::Auto,
            api_key: api_key.into(),
            client: client.into(),
            target,
            schema: "public".into(),
            timeout: TIMEOUT,
            retry: RETRY,
            on_target: OnTarget::default(),
        }
    }
}
