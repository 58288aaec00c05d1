//! One writer at a time for each target, whatever program asks.

use pg_replicate::on_target::exclusively;
use pg_replicate::{Context, DatabaseUrl};

use crate::{Settings, StepError};

/// Runs `work`, which writes `target`, unless another step does; then its name is the error. Every step
/// that writes a database goes through here.
pub(super) async fn writing<T, F>(
    target: &DatabaseUrl,
    step: &str,
    settings: &Settings,
    context: &Context,
    work: impl FnOnce(Context) -> F,
) -> Result<T, StepError>
where
    F: Future<Output = Result<T, StepError>>,
{
    exclusively(target, step, settings.on_target, context, work).await
}
