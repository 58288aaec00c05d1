//! Restoring a dump into the target: what several jobs and `run restore` do.

pub(crate) mod after_restore;
pub(crate) mod packed;

use std::path::Path;

use pg_replicate::FullCopy;
use progress::{Context, Summary};

use crate::target_guard::replacing;
use crate::{Settings, StepError, freshness};

/// Restores the dump `file`, packed in any way that `BACKUP_FILE` may be, into the target, and runs
/// `AFTER_RESTORE_COMMAND`.
///
/// # Errors
/// Why it did not succeed.
pub async fn restore_file(
    settings: &Settings,
    file: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    replacing("restore", settings, context, |context| async move {
        freshness::restoring(settings, unpack_and_restore(settings, file, &context)).await
    })
    .await
}

async fn unpack_and_restore(
    settings: &Settings,
    file: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    if !packed::is_packed(file).await {
        return restore_dump(settings, file, context).await;
    }
    // Before it is unpacked needlessly.
    let target = full_copy(settings);
    let checked = context.cancel.run_until_cancelled(target.preflight_target()).await;
    checked.ok_or(StepError::Interrupted)??;
    let (dump, mut summary) = packed::unpack(settings, file, context).await?;
    summary.extend(restore_dump(settings, dump.path(), context).await?);
    Ok(summary)
}

/// Restores the archive at `file` into the target, and runs `AFTER_RESTORE_COMMAND`.
pub(crate) async fn restore_dump(
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

pub(crate) async fn drop_and_restore(
    copy: &FullCopy,
    dump: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    let mut summary = copy.drop_objects(context).await?;
    summary.extend(copy.restore(dump, context).await?);
    Ok(summary)
}

pub(crate) fn full_copy(settings: &Settings) -> FullCopy {
    FullCopy {
        source: settings.source.clone(),
        target: settings.target.clone(),
        mode: settings.mode.clone(),
        publish: settings.copy.publish,
        foreign_keys: settings.copy.restore_fk_constraints,
        restore_jobs: settings.copy.pg_restore_jobs,
        freshness_schema: settings.copy.freshness_schema.clone(),
        on_target: settings.copy.on_target(),
    }
}
