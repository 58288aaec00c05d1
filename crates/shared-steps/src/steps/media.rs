//! Media from one object store into another.

use media_sync::{Action, Request};
use progress::{Context, Summary};

use crate::{Settings, StepError};

/// The value of the field `event` in the log lines of a media sync.
const EVENT: &str = "media-sync";

/// Brings `MEDIA_SOURCE` into `MEDIA_TARGET`; `on_action` is told what will be done, before it is.
///
/// # Errors
/// Why it did not succeed; what was copied by then stays.
pub async fn sync_media(
    settings: &Settings,
    request: Request,
    context: &Context,
    on_action: impl FnMut(&Action),
) -> Result<Summary, StepError> {
    let Some(media) = &settings.media else {
        return Err(StepError::Configuration(
            "MEDIA_SOURCE and MEDIA_TARGET are not set: name what is copied, and where to (docs/staging.md)",
        ));
    };
    tracing::info!(event = EVENT, "Start media sync");
    let request = Request { deletes: request.deletes || media.deletes, ..request };
    let summary = media.sync.run(request, context, on_action).await?;
    tracing::info!(event = EVENT, "End media sync");
    Ok(summary)
}
