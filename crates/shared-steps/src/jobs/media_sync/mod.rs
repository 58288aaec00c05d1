//! The job that copies media from one object store into another.

pub(crate) mod settings;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use media_sync::{Action, Request, Which};
use pg_replicate::Check;
use pipeline::Step;
use progress::{Context, Summary};

use super::job::{Attempt, Job, JobSchedule};
use super::notification::report::RunReport;
use crate::server_check::check_within_limit;
use crate::{Settings, StepError};

/// The value of the field `event` in log lines of a media sync.
const EVENT: &str = "media-sync";

/// The job.
#[derive(Debug)]
pub struct MediaSyncJob;

#[async_trait]
impl Job for MediaSyncJob {
    fn step(&self) -> Step {
        Step::MEDIA_SYNC
    }

    fn schedule<'a>(&self, settings: &'a Settings) -> JobSchedule<'a> {
        settings.media.as_ref().and_then(|media| media.schedule.as_ref()).into()
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        match settings.media {
            Some(_) => Ok(()),
            None => Err("MEDIA_SOURCE and MEDIA_TARGET are not set"),
        }
    }

    async fn check(&self, settings: &Settings) -> Vec<Check> {
        let Some(media) = &settings.media else { return Vec::new() };
        let check = async |subject, which: Which| {
            check_within_limit(subject, format!("the {which}"), media.sync.check(which)).await
        };
        let source = check("MEDIA_SOURCE", Which::Source).await;
        vec![source, check("MEDIA_TARGET", Which::Target).await]
    }

    async fn run(
        &self,
        settings: &Settings,
        _: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        sync_media(settings, Request::default(), context, |_| {}).boxed().await
    }
}

/// Copies `MEDIA_SOURCE` to `MEDIA_TARGET`; `on_action` is called for each action before any is executed.
///
/// # Errors
/// Why it did not succeed; objects copied until then stay.
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
