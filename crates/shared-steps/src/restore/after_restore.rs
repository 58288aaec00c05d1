//! `AFTER_RESTORE_COMMAND`.

use std::time::Instant;

use progress::{Context, PhaseSummary, Summary};

use crate::{Settings, StepError};

/// Its name in errors.
const NAME: &str = "AFTER_RESTORE_COMMAND";

/// The value of the field `event` in log lines of the command.
const EVENT: &str = "after-restore";

/// Runs the command, if there is one, on the restored target.
///
/// # Errors
/// That it failed, with its last lines; [`StepError::Interrupted`].
pub(crate) async fn run(settings: &Settings, context: &Context) -> Result<Summary, StepError> {
    let Some(command) = &settings.after_restore else { return Ok(Summary::default()) };
    tracing::info!(event = EVENT, "Start {NAME}");
    let start = Instant::now();
    command.run(NAME, context, |line| tracing::info!(event = EVENT, "{line}")).await?;
    tracing::info!(event = EVENT, "End {NAME}");
    Ok(PhaseSummary {
        name: "after restore".into(),
        objects: 1,
        seconds: start.elapsed().as_secs_f64(),
        ..PhaseSummary::default()
    }
    .into())
}
