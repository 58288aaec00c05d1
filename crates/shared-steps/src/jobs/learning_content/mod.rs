//! The job that loads the content API's tables.
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
pub(crate) mod format;
mod load;
mod load_progress;
mod locate;
pub(crate) mod options;
mod replace;
pub(crate) mod settings;
mod tables;

use std::time::Instant;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use pg_replicate::{Check, TableName};
use pipeline::Step;
use progress::{Context, PhaseSummary, Summary};
use url::Url;

use super::job::{Attempt, Job};
use super::notification::report::RunReport;
use crate::freshness::Copying;
use crate::http::SecretUrl;
use crate::server_check::check_within_limit;
use crate::target_guard::{ensure_target, writing};
use crate::{Settings, StepError};
use content::Content;
use load_progress::Phase;

pub use error::{Error, UnfitValue};
pub use format::ContentFormat;
pub use settings::LearningContentSettings;

/// The job.
#[derive(Debug)]
pub struct LearningContentJob;

#[async_trait]
impl Job for LearningContentJob {
    fn step(&self) -> Step {
        Step::LEARNING_CONTENT
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        ensure_target(settings)
    }

    async fn check(&self, settings: &Settings) -> Vec<Check> {
        let answer =
            async { check(&settings.learning_content).await.map_err(|error| error.to_string()) };
        vec![check_within_limit("LCMS_API_URL", "the content API", answer).await]
    }

    async fn run(
        &self,
        settings: &Settings,
        attempt: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let content = &settings.learning_content;
        if content.api_url.is_none() {
            return Ok(run(content, context).await?);
        }
        writing(&content.target, "learning-content", settings, context, |context| async move {
            let copying = Copying::start(settings, &attempt.run_id);
            let summary = run(content, &context).await?;
            copying.loaded(&summary).await;
            Ok(summary)
        })
        .await
    }
}

/// Loads the learning content; does nothing without an API.
///
/// # Errors
/// Why it was not loaded, naming table, item and column; the previous content stays.
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

/// Whether the step makes this table.
pub(crate) fn makes(settings: &LearningContentSettings, table: &TableName) -> bool {
    let is_of = |tables: &[tables::Table]| tables.iter().any(|one| one.name == table.name);
    settings.api_url.is_some()
        && table.schema == settings.schema
        && [tables::airtable(), tables::stream()].into_iter().flatten().any(is_of)
}

/// Checks that the content API responds and accepts the key, without loading anything.
///
/// # Errors
/// Why it does not.
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
        // The wording is that of the Node.js program, because alerts may look for it; it names no item.
        tracing::error!(table_name = table, "Item {position} of {items} has no property");
    }
    let loaded = loaded?;
    let mut summary = Summary::from(fetched);
    summary.extend(loaded);
    Ok(summary)
}
