//! Backup, restore, enrichment.

use std::path::Path;

use futures_util::FutureExt;
use pg_replicate::{FullCopy, LiveOptions, enrichment};
use progress::{Context, Summary};

use super::guard::writing;
use super::{Attempt, after_restore, fetched_backup, verification};
use crate::config::BackupMethod;
use crate::{Settings, StepError};

pub(super) async fn run(
    settings: &Settings,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    let result =
        writing(&settings.target, "full-replication", settings, context, |context| async move {
            replicate_and_enrich(settings, attempt, &context).await
        })
        .await;
    if result.is_ok() || attempt.is_last || matches!(result, Err(StepError::Interrupted)) {
        settings.dumps.remove(&attempt.run_id);
    }
    result
}

async fn replicate_and_enrich(
    settings: &Settings,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    let mut summary = copy_whole(settings, attempt, context).await?;
    let (script, jobs) = (&settings.copy.enrichment_file, settings.copy.copy_jobs);
    summary.extend(
        enrichment::run(&settings.target, script, &settings.mode, jobs, context).boxed().await?,
    );
    Ok(summary)
}

/// Copies the source, or the backup that `BACKUP_SOURCE` fetches, into the target, and runs
/// `AFTER_RESTORE_COMMAND` there; without enrichment, whose views would be in the way of migrations.
///
/// Through an archive, a whole dump of an earlier attempt of the same run is used again.
///
/// # Errors
/// Why it did not succeed; nothing is dropped before both servers have been checked.
pub async fn backup_and_restore(
    settings: &Settings,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    writing(&settings.target, "backup-restore", settings, context, |context| async move {
        copy_whole(settings, attempt, &context).await
    })
    .await
}

async fn copy_whole(
    settings: &Settings,
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
        None => from_source(settings, &copy, attempt, context).await?,
    };
    summary.extend(after_restore::run(settings, context).await?);
    Ok(summary)
}

async fn from_source(
    settings: &Settings,
    copy: &FullCopy,
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
    match settings.copy.backup_method {
        BackupMethod::Live => Ok(copy.live(&live_options(settings), context).boxed().await?),
        BackupMethod::Archive => through_archive(settings, copy, attempt, context).await,
    }
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

/// Whether the dump of an earlier attempt is as it was written.
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

/// Restores the dump that `file` is or holds, packed as `BACKUP_FILE` may be, into the target, and runs
/// `AFTER_RESTORE_COMMAND` there.
///
/// # Errors
/// Why it did not succeed.
pub async fn restore_file(
    settings: &Settings,
    file: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    writing(&settings.target, "restore", settings, context, |context| async move {
        if !fetched_backup::is_packed(file).await {
            return restore_dump(settings, file, &context).await;
        }
        // Before it is unpacked in vain.
        let target = full_copy(settings);
        let checked = context.cancel.run_until_cancelled(target.preflight_target()).await;
        checked.ok_or(StepError::Interrupted)??;
        let (dump, mut summary) = fetched_backup::unpack(settings, file, &context).await?;
        summary.extend(restore_dump(settings, dump.path(), &context).await?);
        Ok(summary)
    })
    .await
}

/// Restores the archive at `file` into the target, and runs `AFTER_RESTORE_COMMAND` there.
pub(super) async fn restore_dump(
    settings: &Settings,
    file: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    let copy = full_copy(settings);
    let checked = context.cancel.run_until_cancelled(copy.preflight_restore(file)).await;
    checked.ok_or(StepError::Interrupted)??;
    let mut summary = drop_and_restore(&copy, file, context).await?;
    summary.extend(after_restore::run(settings, context).await?);
    Ok(summary)
}

pub(super) async fn drop_and_restore(
    copy: &FullCopy,
    dump: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    let mut summary = copy.drop_objects(context).await?;
    summary.extend(copy.restore(dump, context).await?);
    Ok(summary)
}

fn live_options(settings: &Settings) -> LiveOptions {
    LiveOptions {
        jobs: settings.copy.copy_jobs,
        directory: settings.dumps.directory().to_owned(),
        verify: settings.copy.verify,
    }
}

pub(crate) fn full_copy(settings: &Settings) -> FullCopy {
    FullCopy {
        source: settings.source.clone(),
        target: settings.target.clone(),
        mode: settings.mode.clone(),
        foreign_keys: settings.copy.restore_fk_constraints,
        restore_jobs: settings.copy.pg_restore_jobs,
        on_target: settings.copy.on_target(),
    }
}
