//! The steps of the night, by name.

mod after_restore;
mod data;
mod fetched_backup;
mod full_replication;
mod guard;
mod media;
mod snapshot;
mod verification;

use futures_util::FutureExt;
use pg_replicate::Incremental;
use progress::{Context, Summary};

use crate::notification::RunReport;
use crate::{Settings, StepError, learning_content, notification};
pub(crate) use guard::check as check_not_the_source;
use guard::writing;
use pipeline::Step;

pub use data::{ExportRequest, LoadRequest, export_data, export_schema, load_data};
pub use fetched_backup::fetch_backup;
pub(crate) use full_replication::full_copy;
pub use full_replication::{backup_and_restore, restore_file};
pub use media::sync_media;
pub use snapshot::{list_snapshots, restore_snapshot, take_snapshot};
pub use verification::compare;

/// Which try of which run this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// One night, from the first job to the last.
    pub run_id: String,
    /// No other attempt will follow when this one fails: what was kept for it can go.
    pub is_last: bool,
}

impl Attempt {
    /// A step run by hand: there is one attempt.
    #[must_use]
    pub fn only(run_id: impl Into<String>) -> Self {
        Self { run_id: run_id.into(), is_last: true }
    }
}

/// Runs `step`. `report` says what the night did before; only a notification reads it.
///
/// # Errors
/// Why it did not succeed; [`StepError::Interrupted`] when it was cancelled.
pub async fn run(
    step: Step,
    settings: &Settings,
    attempt: &Attempt,
    report: impl AsyncFnOnce() -> RunReport,
    context: &Context,
) -> Result<Summary, StepError> {
    match step {
        // Boxed: the compiler would have to look through all of an engine's futures at once.
        Step::FULL_REPLICATION => full_replication::run(settings, attempt, context).boxed().await,
        Step::INCREMENTAL_REPLICATION => update(settings, context).boxed().await,
        Step::LEARNING_CONTENT => content(settings, context).boxed().await,
        Step::NOTIFICATION => {
            let report = report().await;
            let summary = notification::run(&settings.notifications, &report, context).await?;
            tracing::info!("Import and enrichment done");
            Ok(summary)
        }
        Step::SCHEMA_EXPORT => export_schema(settings, context).boxed().await,
        Step::SNAPSHOT => snapshot::run(settings, context).boxed().await,
        _ => sync_media(settings, media_sync::Request::default(), context, |_| {}).boxed().await,
    }
}

async fn update(settings: &Settings, context: &Context) -> Result<Summary, StepError> {
    let incremental = incremental(settings);
    if incremental.mode.updated().next().is_none() {
        return Ok(incremental.run(context).await?);
    }
    writing(&incremental.target, "incremental", settings, context, |context| {
        let incremental = &incremental;
        async move { Ok(incremental.run_and_verify(settings.copy.verify, &context).await?) }
    })
    .await
}

async fn content(settings: &Settings, context: &Context) -> Result<Summary, StepError> {
    let content = &settings.learning_content;
    if content.api_url.is_none() {
        return Ok(learning_content::run(content, context).await?);
    }
    writing(&content.target, "learning-content", settings, context, |context| async move {
        Ok(learning_content::run(content, &context).await?)
    })
    .await
}

pub(crate) fn incremental(settings: &Settings) -> Incremental {
    Incremental {
        source: settings.source.clone(),
        target: settings.incremental_target.clone(),
        mode: settings.mode.clone(),
        format: settings.incremental.incremental_copy_format,
        jobs: settings.incremental.incremental_jobs,
        schema_changes: settings.incremental.schema_changes,
    }
}
