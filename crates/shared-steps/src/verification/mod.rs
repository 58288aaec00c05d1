//! Verification of the target against the source.

pub mod table;

use pg_replicate::verify::{self, VerifyReport};
use pg_replicate::{Error, Verify};
use progress::{Context, Summary};

use crate::{Settings, StepError};

/// Compares the target with the source's current state.
///
/// # Errors
/// Why they could not be compared; a difference is not an error.
pub async fn compare(
    settings: &Settings,
    verify: Verify,
    context: &Context,
) -> Result<VerifyReport, StepError> {
    let Settings { source, target, mode, .. } = settings;
    Ok(verify::compare(source, target, mode, verify, settings.copy.copy_jobs, context).await?)
}

/// [`compare`] as a phase after a restore from an archive, according to `VERIFY`.
///
/// The source may have changed since it was dumped, so differences are warnings, and so is a source that
/// can no longer be read: a restore of hours is not repeated for it.
///
/// # Errors
/// [`StepError::Interrupted`].
pub(crate) async fn after_restore(
    settings: &Settings,
    context: &Context,
) -> Result<Summary, StepError> {
    let (jobs, verify) = (settings.copy.copy_jobs, settings.copy.verify);
    let Settings { source, target, mode, .. } = settings;
    match verify::run(source, target, mode, verify, jobs, None, context).await {
        Err(Error::Verification(report)) => {
            for table in report.differing() {
                tracing::warn!(
                    table = table.table,
                    "differs from the source, which may have gone on since it was dumped: {table}"
                );
            }
            let compared = report.compared_tables();
            let mut summary = report.summary;
            summary.facts.compared = compared;
            Ok(summary)
        }
        Err(error) if !error.is_cancelled() => {
            tracing::warn!("The target could not be compared with the source: {error}");
            Ok(Summary::default())
        }
        result => Ok(result?),
    }
}
