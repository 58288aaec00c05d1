//! The content API's tables.
//!
//! One GET answers all of them: an object of lists, or a stream of documents. They are built beside
//! those that readers see and put in their place at the end of one transaction: whatever fails,
//! yesterday's content stays. Which tables and columns there are stands in `data/learning-content.json`
//! and `data/learning-content-stream.json`; docs/learning-content.md explains it.

mod answer;
mod api;
mod array;
mod content;
mod convert;
mod ddl;
mod error;
mod format;
mod load;
mod load_progress;
mod locate;
mod replace;
mod tables;

use std::time::{Duration, Instant};

use pg_replicate::{DatabaseUrl, OnTarget, reason};
use progress::{Context, PhaseSummary, Summary};
use url::Url;

use crate::http::{RetryLimits, Secret, SecretUrl};
use content::Content;
use load_progress::Phase;

pub use error::{Error, UnfitValue};
pub use format::ContentFormat;

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

/// Loads the learning content; does nothing when there is no API.
///
/// # Errors
/// Why it was not loaded, naming table, item and column; yesterday's content stays.
pub async fn run(settings: &LearningContentSettings, context: &Context) -> Result<Summary, Error> {
    let Some(SecretUrl(url)) = &settings.api_url else {
        tracing::info!("Learning content is skipped: LCMS_API_URL is empty");
        return Ok(Summary::default());
    };
    tracing::info!("learningContent.run - Started");
    let summary = context
        .cancel
        .run_until_cancelled(fetch_and_load(settings, url, context))
        .await
        .ok_or(Error::Cancelled)??;
    tracing::info!("learningContent.run - Ended");
    Ok(summary)
}

/// Whether the content API is there and takes our key; nothing is loaded.
///
/// # Errors
/// Why it does not answer as it should.
pub async fn check(settings: &LearningContentSettings) -> Result<String, Error> {
    match &settings.api_url {
        None => Ok("LCMS_API_URL is empty: learning content will be skipped".into()),
        Some(SecretUrl(url)) => api::check(settings, url).await,
    }
}

async fn fetch_and_load(
    settings: &LearningContentSettings,
    url: &Url,
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    Phase::Fetch.report(context, 0.0, None, 0, 0);
    let answer = api::fetch(settings, url, context).await?;
    let fetched = PhaseSummary {
        name: Phase::Fetch.name().into(),
        objects: 1,
        rows: 0,
        bytes: answer.bytes,
        seconds: start.elapsed().as_secs_f64(),
    };
    let content = Content::of(answer, settings.api_key.expose()).await?;
    let mut client = pg_replicate::connect(&settings.target)
        .await
        .map_err(|error| Error::Target(Box::new(error)))?;
    let loaded =
        load::load(&mut client, &settings.schema, &content, settings.on_target, context).await;
    if let Err(Error::NoProperty { table, position, items }) = &loaded {
        // The error's text is an old one, which alerts may look for, and names no item.
        tracing::error!(table_name = table, "Item {position} of {items} has no property");
    }
    let loaded = loaded?;
    let mut summary = Summary::from(fetched);
    summary.extend(loaded);
    Ok(summary)
}
