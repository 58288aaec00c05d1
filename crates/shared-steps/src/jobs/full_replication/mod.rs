//! The job that copies the source, or a backup of it, whole: backup, restore, enrichment.

mod check;
pub mod dump_store;
mod fetched_backup;

use std::path::Path;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pg_replicate::{Check, FullCopy, LiveOptions, Publish, enrichment};
use pipeline::Step;
use progress::{Context, Summary};

use super::job::{Attempt, Job, JobSchedule};
use super::notification::report::RunReport;
use crate::config::BackupMethod;
use crate::freshness::Copying;
use crate::restore::{after_restore, drop_and_restore, full_copy};
use crate::target_guard::{ensure_target, replacing};
use crate::{Settings, StepError, drift, verification};

pub use fetched_backup::fetch_backup;

/// The job.
#[derive(Debug)]
pub struct FullReplicationJob;

#[async_trait]
impl Job for FullReplicationJob {
    fn step(&self) -> Step {
        Step::FULL_REPLICATION
    }

    fn schedule<'a>(&self, settings: &'a Settings) -> JobSchedule<'a> {
        match ensure_target(settings) {
            Ok(()) => JobSchedule::At(&settings.schedule),
            // The schedule may be another program's, in the same Redis.
            Err(_) => JobSchedule::Unmanaged,
        }
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        ensure_target(settings)
    }

    async fn check(&self, settings: &Settings) -> Vec<Check> {
        check::run(settings).await
    }

    async fn run(
        &self,
        settings: &Settings,
        attempt: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let result = replacing("full-replication", settings, context, |context| async move {
            replicate_and_enrich(settings, attempt, &context).await
        })
        .await;
        if result.is_ok() || attempt.is_last || matches!(result, Err(StepError::Interrupted)) {
            settings.dumps.remove(&attempt.run_id);
        }
        result
    }
}

async fn replicate_and_enrich(
    settings: &Settings,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    let copying = Copying::start(settings, &attempt.run_id);
    let enrichment = Enrichment::of(settings);
    let mut summary = copy_whole(settings, &copying, enrichment, attempt, context).await?;
    if enrichment == Enrichment::AfterPublication {
        let (script, jobs) = (&settings.copy.enrichment_file, settings.copy.copy_jobs);
        summary.extend(
            enrichment::run(&settings.target, script, &settings.mode, jobs, context)
                .boxed()
                .await?,
        );
    }
    written_down(settings, &copying, &summary).await;
    Ok(summary)
}

/// A publication has written it down in its own transaction.
async fn written_down(settings: &Settings, copying: &Copying<'_>, summary: &Summary) {
    if !is_swapped(settings) {
        copying.replaced(method(settings), summary).await;
    }
}

/// When a copy is enriched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Enrichment {
    /// As a part of the copy, before readers see it.
    BeforePublication,
    /// On the target.
    AfterPublication,
    /// Not at all.
    Never,
}

impl Enrichment {
    /// `AFTER_RESTORE_COMMAND` works on the target, and the views of an enrichment would obstruct its
    /// migrations.
    fn of(settings: &Settings) -> Self {
        if is_swapped(settings) && settings.after_restore.is_none() {
            Self::BeforePublication
        } else {
            Self::AfterPublication
        }
    }
}

/// Whether the copy is built beside the live one.
fn is_swapped(settings: &Settings) -> bool {
    settings.copy.publish == Publish::Swap
        && settings.backup_source.is_none()
        && settings.copy.backup_method == BackupMethod::Live
}

/// Copies the source, or the backup downloaded by `BACKUP_SOURCE`, to the target, and runs
/// `AFTER_RESTORE_COMMAND`; without the enrichment, whose views would obstruct migrations.
///
/// With an archive, a complete dump of an earlier attempt of the same run is reused.
///
/// # Errors
/// Why it did not succeed; nothing is dropped before both servers have been checked.
pub async fn backup_and_restore(
    settings: &Settings,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    replacing("backup-restore", settings, context, |context| async move {
        let copying = Copying::start(settings, &attempt.run_id);
        let summary = copy_whole(settings, &copying, Enrichment::Never, attempt, &context).await?;
        written_down(settings, &copying, &summary).await;
        Ok(summary)
    })
    .await
}

/// How the whole is copied, for the freshness tables.
fn method(settings: &Settings) -> &'static str {
    match (&settings.backup_source, settings.copy.backup_method) {
        (Some(_), _) => "backup",
        (None, BackupMethod::Live) => "live",
        (None, BackupMethod::Archive) => "archive",
    }
}

async fn copy_whole(
    settings: &Settings,
    copying: &Copying<'_>,
    enrichment: Enrichment,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    tracing::info!("Start import and enrichment");
    tracing::info!("Import data from API database");
    let copy = full_copy(settings);
    settings.dumps.remove_stale();
    let mut summary = match &settings.backup_source {
        Some(fetcher) => {
            fetched_backup::fetch_and_restore(fetcher, settings, &copy, attempt, context).await?
        }
        None => from_source(settings, &copy, copying, enrichment, attempt, context).await?,
    };
    summary.extend(after_restore::run(settings, context).await?);
    Ok(summary)
}

async fn from_source(
    settings: &Settings,
    copy: &FullCopy,
    copying: &Copying<'_>,
    enrichment: Enrichment,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    let preflight = async {
        match settings.copy.backup_method {
            BackupMethod::Live => copy.preflight_live(settings.copy.copy_jobs).await,
            BackupMethod::Archive => copy.preflight().await,
        }
    };
    let checked = context.cancel.run_until_cancelled(preflight).await;
    checked.ok_or(StepError::Interrupted)??;
    let drift = drift::before_copy(settings, context).await;
    let summary = match settings.copy.backup_method {
        BackupMethod::Live => {
            let options = live_options(settings, copying, enrichment);
            copy.live(&options, context).boxed().await?
        }
        BackupMethod::Archive => through_archive(settings, copy, attempt, context).await?,
    };
    Ok(Summary { drift, ..summary })
}

async fn through_archive(
    settings: &Settings,
    copy: &FullCopy,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    let what = (copy.source.to_string(), format!("{:?}", copy.mode));
    let dump = settings.dumps.path(&attempt.run_id, &what)?;
    let mut summary = Summary::default();
    if settings.dumps.is_usable(&dump) && is_whole(copy, &dump, context).await? {
        tracing::info!(dump = %dump.display(), "The dump of an earlier attempt is used again");
    } else {
        summary.extend(copy.backup(&dump, context).await?);
    }
    summary.extend(drop_and_restore(copy, &dump, context).await?);
    summary.extend(verification::after_restore(settings, context).await?);
    Ok(summary)
}

/// Whether the dump of an earlier attempt is intact.
async fn is_whole(copy: &FullCopy, dump: &Path, context: &Context) -> Result<bool, StepError> {
    let checked = context.cancel.run_until_cancelled(copy.preflight_restore(dump)).await;
    match checked.ok_or(StepError::Interrupted)? {
        Err(error @ pg_replicate::Error::Archive { .. }) => {
            tracing::warn!("The dump of an earlier attempt is not used again: {error}");
            Ok(false)
        }
        checked => Ok(checked.map(|()| true)?),
    }
}

fn live_options(settings: &Settings, copying: &Copying<'_>, enrichment: Enrichment) -> LiveOptions {
    LiveOptions {
        jobs: settings.copy.copy_jobs,
        directory: settings.dumps.directory().to_owned(),
        verify: settings.copy.verify,
        enrichment: (enrichment == Enrichment::BeforePublication)
            .then(|| settings.copy.enrichment_file.clone()),
        run: Some(copying.run(method(settings))),
    }
}
