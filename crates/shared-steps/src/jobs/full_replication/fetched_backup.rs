//! Backup made by a platform or another program, restored instead of a dump of the source.

use std::path::Path;

use backup_sources::{FetchTarget, Fetcher};
use futures_util::FutureExt;
use pg_replicate::{FullCopy, Verify};
use progress::{Context, Summary};

use crate::jobs::job::Attempt;
use crate::restore::drop_and_restore;
use crate::restore::packed::{SHARE, fetch_phase};
use crate::{Settings, StepError};

/// Downloads the newest backup and restores it; the source database is not needed.
///
/// A complete dump that an earlier attempt of the same run has downloaded is reused.
pub(crate) async fn fetch_and_restore(
    fetcher: &Fetcher,
    settings: &Settings,
    copy: &FullCopy,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    // Avoids a useless download that may take hours.
    let checked = context.cancel.run_until_cancelled(copy.preflight_target()).await;
    checked.ok_or(StepError::Interrupted)??;
    let mut dump = settings.dumps.path(&attempt.run_id, &fetcher.source.place())?;
    let mut summary = Summary::default();
    if settings.dumps.is_usable(&dump) {
        tracing::info!(dump = %dump.display(), "The dump of an earlier attempt is used again");
    } else {
        let target = FetchTarget { path: &dump, may_stay: true, share: SHARE };
        let fetched = fetcher.fetch(target, context).boxed().await?;
        summary.extend(fetch_phase(&fetched));
        dump = fetched.path;
    }
    let checked = context.cancel.run_until_cancelled(copy.preflight_restore(&dump)).await;
    if let Err(error) = checked.ok_or(StepError::Interrupted)? {
        if matches!(error, pg_replicate::Error::Archive { .. }) {
            // Another attempt must not fail because of it again.
            settings.dumps.remove(&attempt.run_id);
        }
        return Err(error.into());
    }
    summary.extend(drop_and_restore(copy, &dump, context).await?);
    if settings.copy.verify != Verify::None {
        tracing::warn!(
            "VERIFY compares with the source, which a backup that was fetched is older than: nothing is compared"
        );
    }
    Ok(summary)
}

/// Downloads the newest backup of `BACKUP_SOURCE` into the file `to`.
///
/// # Errors
/// Why it did not succeed; `to` is then unchanged.
pub async fn fetch_backup(
    settings: &Settings,
    to: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    let Some(fetcher) = &settings.backup_source else {
        return Err(StepError::Configuration(
            "BACKUP_SOURCE is live: there is no backup to fetch; set it to file, scalingo, heroku or s3",
        ));
    };
    let target = FetchTarget { path: to, may_stay: false, share: 100.0 };
    let fetched = fetcher.fetch(target, context).boxed().await?;
    Ok(fetch_phase(&fetched))
}
