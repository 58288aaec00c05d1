//! Where the content comes from and where it goes.

use std::time::Duration;

use pg_replicate::{DatabaseUrl, OnTarget};
use url::Url;

use super::format::ContentFormat;
use crate::http::{RetryLimits, Secret, SecretUrl};

/// How long a request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Three more tries within one attempt of the job; the job's own attempts come on top.
const RETRY: RetryLimits = RetryLimits {
    retries: 3,
    first_wait: Duration::from_secs(2),
    longest_wait: Duration::from_secs(30),
    longest_asked_wait: Duration::from_secs(120),
};

/// Where the content comes from and where it goes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LearningContentSettings {
    /// `LCMS_API_URL`, without the route; without it the step is skipped.
    pub api_url: Option<SecretUrl>,
    /// `LCMS_API_FORMAT`.
    pub format: ContentFormat,
    /// `LCMS_API_KEY`.
    pub api_key: Secret,
    /// The header `client`: `APP`.
    pub client: String,
    /// The database that is written.
    pub target: DatabaseUrl,
    /// Its schema.
    pub schema: String,
    /// How long a request may take, its body included.
    pub timeout: Duration,
    /// How often the request is tried again within one attempt.
    pub retry: RetryLimits,
    /// What readers of the old tables have to bear.
    pub on_target: OnTarget,
}

impl LearningContentSettings {
    /// The defaults: schema `public`, three minutes for a request, three more tries.
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
