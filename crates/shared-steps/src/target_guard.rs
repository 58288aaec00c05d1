//! Guard of every step that writes to a database: its target is not the source under another name, and no
//! other step writes to it at the same time.

use pg_replicate::on_target::{exclusively, preserved};
use pg_replicate::{Check, DatabaseUrl, Error, refuse_same_database};
use pipeline::exit;
use progress::{Context, Summary};

use crate::{Settings, StepError};

/// Runs `work`, which writes to `target`, unless that is the source or another step is writing to it, which
/// the error then names. Every step that writes to a database uses this.
pub(crate) async fn writing<T, F>(
    target: &DatabaseUrl,
    step: &str,
    settings: &Settings,
    context: &Context,
    work: impl FnOnce(Context) -> F,
) -> Result<T, StepError>
where
    F: Future<Output = Result<T, StepError>>,
{
    refuse_source(settings, target, context).await?;
    exclusively(target, step, settings.copy.on_target(), context, work).await
}

/// [`writing`] `DATABASE_URL`, for a step that replaces its tables: what others had there is given back at the end, also when some
/// objects could not be restored.
pub(crate) async fn replacing<F>(
    step: &str,
    settings: &Settings,
    context: &Context,
    work: impl FnOnce(Context) -> F,
) -> Result<Summary, StepError>
where
    F: Future<Output = Result<Summary, StepError>>,
{
    let target = &settings.target;
    writing(target, step, settings, context, |context| async move {
        let result = work(context.clone()).await;
        if matches!(&result, Err(error) if error.exit_code() != exit::FAILED) {
            return result;
        }
        let given = preserved::give_back(target, &context).await;
        match (result, given) {
            (Ok(mut summary), given) => {
                summary.extend(given?);
                Ok(summary)
            }
            (Err(error), Ok(_)) => Err(error),
            (Err(error), Err(second)) => {
                tracing::warn!("What others had on the target was not given back: {second}");
                Err(error)
            }
        }
    })
    .await
}

/// Refuses `target` if it is the source, even if the step itself does not read the source.
async fn refuse_source(
    settings: &Settings,
    target: &DatabaseUrl,
    context: &Context,
) -> Result<(), StepError> {
    if !settings.has_source {
        return Ok(());
    }
    match refuse_same_database(&settings.source, target, context).await {
        // A step that needs it will report the error itself, and one that does not can run without it.
        Err(Error::Unreachable { url, reason }) if url == settings.source.to_string() => {
            tracing::warn!(
                "Whether {target} is SOURCE_DATABASE_URL under another name is not known: {url} could \
                 not be reached: {reason}"
            );
            Ok(())
        }
        result => Ok(result?),
    }
}

/// Whether there is a target: without, a program only takes snapshots.
pub(crate) fn ensure_target(settings: &Settings) -> Result<(), &'static str> {
    match settings.without_target {
        Some(_) => Err("DATABASE_URL names no target"),
        None => Ok(()),
    }
}

/// [`refuse_source`] for `worker --check`, if the steps' own checks do not compare both.
pub(crate) async fn check(settings: &Settings) -> Check {
    let found = refuse_source(settings, &settings.target, &Context::quiet()).await;
    Check::of("DATABASE_URL", found.map(|()| "is not the source".to_owned()))
}

/// A database that is read, with `SOURCE_LOCK_TIMEOUT`.
pub(crate) fn with_lock_timeout(settings: &Settings, url: &DatabaseUrl) -> DatabaseUrl {
    match settings.source.lock_timeout() {
        Some(limit) => url.clone().with_lock_timeout(limit),
        None => url.clone(),
    }
}
