//! The job that takes snapshots of the source; and their way back.

mod age_alert;
mod check;
pub(crate) mod settings;
pub mod table;

use std::time::Instant;

use async_trait::async_trait;
use bull_queue::Queue;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pg_replicate::Check;
use pipeline::Step;
use progress::{Context, PhaseSummary, Summary};
use snapshots::{DumpFormat, Entry, Selector, Taken};

use super::job::{Attempt, Job, JobSchedule};
use super::notification::report::RunReport;
use crate::restore::{after_restore, full_copy, restore_dump};
use crate::target_guard::replacing;
use crate::{Settings, StepError, freshness};

/// The job.
#[derive(Debug)]
pub struct SnapshotJob;

#[async_trait]
impl Job for SnapshotJob {
    fn step(&self) -> Step {
        Step::SNAPSHOT
    }

    fn schedule<'a>(&self, settings: &'a Settings) -> JobSchedule<'a> {
        settings.snapshots.schedule.as_ref().into()
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        match settings.snapshots.taken {
            Some(_) => Ok(()),
            None => Err("SNAPSHOT_STORE is not set"),
        }
    }

    async fn check(&self, settings: &Settings) -> Vec<Check> {
        check::run(settings).await
    }

    /// Takes a snapshot if the data has changed.
    async fn run(
        &self,
        settings: &Settings,
        _: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let start = Instant::now();
        let taken = take_snapshot(settings, false, context).await?;
        let name = if matches!(taken, Taken::Created { .. }) { "snapshot" } else { "comparison" };
        let mut phase = PhaseSummary { name: name.into(), ..PhaseSummary::default() };
        if let Taken::Created { entry, .. } = &taken {
            phase.bytes = entry.bytes;
            if let Some(manifest) = entry.manifest() {
                (phase.objects, phase.rows) = (manifest.tables.len() as u64, manifest.rows());
            }
        }
        phase.seconds = start.elapsed().as_secs_f64();
        Ok(phase.into())
    }

    async fn watch(&self, settings: &Settings, queue: &Queue, alert: &(dyn Fn(String) + Sync)) {
        age_alert::watch(settings, queue, alert).await;
    }
}

/// Takes a snapshot of the source if it differs from the newest one, or if `force`d.
///
/// # Errors
/// Why it did not succeed, and what part of it is in the store.
pub async fn take_snapshot(
    settings: &Settings,
    force: bool,
    context: &Context,
) -> Result<Taken, StepError> {
    let taken = store_settings(settings)?;
    Ok(snapshots::take(&settings.source, taken, force, context).boxed().await?)
}

/// What the store holds, the newest first.
///
/// # Errors
/// When it cannot be listed.
pub async fn list_snapshots(settings: &Settings) -> Result<Vec<Entry>, StepError> {
    Ok(snapshots::list(&store_settings(settings)?.store).await?)
}

/// Restores a snapshot into the target; a damaged one is refused before anything is dropped.
///
/// # Errors
/// Why it did not succeed.
pub async fn restore_snapshot(
    settings: &Settings,
    which: Selector,
    context: &Context,
) -> Result<Summary, StepError> {
    let stored = store_settings(settings)?;
    replacing("restore", settings, context, |context| async move {
        freshness::restoring(settings, fetch_and_restore(settings, stored, which, &context)).await
    })
    .await
}

async fn fetch_and_restore(
    settings: &Settings,
    stored: &snapshots::Settings,
    which: Selector,
    context: &Context,
) -> Result<Summary, StepError> {
    // Avoids a useless download that may take hours.
    let target = full_copy(settings);
    let checked = context.cancel.run_until_cancelled(target.preflight_target()).await;
    checked.ok_or(StepError::Interrupted)??;
    let start = Instant::now();
    let identities = &settings.snapshots.identities;
    let fetched =
        snapshots::fetch(&stored.store, &which, identities, &stored.directory, context).boxed();
    let fetched = fetched.await?;
    let mut summary: Summary = PhaseSummary {
        name: "fetch".into(),
        objects: 1,
        bytes: fetched.entry.bytes,
        seconds: start.elapsed().as_secs_f64(),
        ..PhaseSummary::default()
    }
    .into();
    match fetched.manifest.dump {
        DumpFormat::Custom => summary.extend(restore_dump(settings, &fetched.dump, context).await?),
        DumpFormat::Plain => {
            let checked = target.preflight_script(&fetched.dump);
            let checked = context.cancel.run_until_cancelled(checked).await;
            checked.ok_or(StepError::Interrupted)??;
            summary.extend(target.drop_objects(context).await?);
            summary.extend(target.restore_script(&fetched.dump, context).await?);
            summary.extend(after_restore::run(settings, context).await?);
        }
    }
    Ok(summary)
}

fn store_settings(settings: &Settings) -> Result<&snapshots::Settings, StepError> {
    settings.snapshots.taken.as_ref().ok_or(StepError::Configuration(
        "SNAPSHOT_STORE is not set: say where snapshots are kept, as s3://bucket/prefix or file:///directory",
    ))
}
