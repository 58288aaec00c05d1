//! A whole run of a sync.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use object_store::path::Path;
use object_store::{ObjectStore, Result as StoreResult};
use object_stores::ObjectPlace;
use progress::{Context, PhaseSummary, Summary, Weight};

use crate::Kind;
use crate::error::{self, Error, Which};
use crate::listing::{self, Skipped};
use crate::plan::{self, Action, Listed, Plan};

/// Percentages of a run for listing and for deleting.
const LISTING: f64 = 3.0;
const DELETING: f64 = 98.0;

/// Settings of every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Number of objects copied in parallel.
    pub jobs: usize,
    /// Whether everybody may read the copied objects.
    pub public_read: bool,
    /// Maximum percentage of the target's objects that a run may delete.
    pub max_delete: u8,
    /// Directory for the temporary list of actions.
    pub directory: PathBuf,
}

/// Options of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request {
    /// Whether objects that no longer exist in the source are deleted from the target.
    pub deletes: bool,
    /// Whether it only reports what it would do.
    pub is_dry: bool,
    /// Whether the limit for deletions is ignored.
    pub is_forced: bool,
}

/// A source and a target, and how to copy between them.
#[derive(Clone)]
pub struct MediaSync {
    pub(crate) source: ObjectPlace,
    pub(crate) target: ObjectPlace,
    pub(crate) target_kind: Kind,
    /// Copies a path of the source to a path of the target with one request.
    pub(crate) copier: Option<Arc<dyn ObjectStore>>,
    pub(crate) settings: Settings,
}

impl std::fmt::Debug for MediaSync {
    /// Without the stores, which contain credentials.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MediaSync")
            .field("source", &self.source)
            .field("target", &self.target)
            .field("copies_in_store", &self.copier.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl MediaSync {
    /// Copies the source to the target. `on_action` is called for every action before any of them is
    /// executed.
    ///
    /// # Errors
    /// Why it did not succeed. Objects copied until then stay, and need not be copied again.
    pub async fn run(
        &self,
        request: Request,
        context: &Context,
        on_action: impl FnMut(&Action),
    ) -> Result<Summary, Error> {
        let (plan, mut summary) = self.plan(request, context, on_action).await?;
        self.weigh(&plan, request)?;
        let Plan { copies, deletions, source_objects, target_objects } = plan;
        let unchanged = source_objects - copies.objects;
        if request.is_dry {
            tracing::info!(
                "Dry run: {} objects ({} bytes) would be copied, {} deleted; {unchanged} are equal",
                copies.objects,
                copies.bytes,
                deletions.objects
            );
            summary.phases.push(phase("to copy", copies.objects, copies.bytes, Instant::now()));
            let doomed = (deletions.objects, deletions.bytes);
            summary.phases.push(phase("to delete", doomed.0, doomed.1, Instant::now()));
            return Ok(summary);
        }
        let (start, total) = (Instant::now(), Weight::bytes(copies.bytes));
        let board = context.tracker("copy", (LISTING, DELETING), total);
        let object = board.start("MEDIA", self.target.shown(), total);
        let copied = self.copy_all(copies, &object, context).await?;
        object.end(0);
        let _ = board.finish();
        summary.phases.push(phase("copy", copied.objects, copied.bytes, start));
        if copied.failures.count > 0 {
            return Err(Error::Copy {
                failures: copied.failures.named,
                count: copied.failures.count,
                would_delete: deletions.objects,
            });
        }
        let (start, bytes) = (Instant::now(), deletions.bytes);
        let deleted = if deletions.objects == 0 {
            0
        } else {
            let board = context.tracker("delete", (DELETING, 100.0), Weight::cost(1));
            let deleted = self.delete_all(deletions, context).await?;
            let _ = board.finish();
            summary.phases.push(phase("delete", deleted, bytes, start));
            deleted
        };
        tracing::info!(
            copied = copied.objects,
            bytes = copied.bytes,
            deleted,
            unchanged,
            gone = copied.gone,
            "{} objects copied ({} bytes), {deleted} deleted; {unchanged} were equal, the target had {target_objects}",
            copied.objects,
            copied.bytes,
        );
        Ok(summary)
    }

    /// Checks whether a place can be reached, listed and, as far as possible without writing, written to.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, which: Which) -> Result<String, String> {
        let place = match which {
            Which::Source => &self.source,
            Which::Target => &self.target,
        };
        if which == Which::Target {
            place.may_be_written()?;
        } else if let Some(directory) = place.directory() {
            let failed = |error| format!("{}: {error}", place.shown());
            std::fs::read_dir(directory).map_err(failed)?;
        }
        match place.has_objects().await {
            Ok(true) => Ok(format!("{} can be listed", place.shown())),
            Ok(false) => Ok(format!("{} can be listed, and contains no objects", place.shown())),
            Err(error) => Err(format!("{}: {}", place.shown(), object_stores::reason(&error))),
        }
    }

    async fn plan(
        &self,
        request: Request,
        context: &Context,
        on_action: impl FnMut(&Action),
    ) -> Result<(Plan, Summary), Error> {
        let start = Instant::now();
        let board = context.tracker("list", (0.0, LISTING), Weight::cost(1));
        let object = board.start("LIST", self.source.shown(), Weight::cost(1));
        let skipped = [Arc::<Mutex<Skipped>>::default(), Arc::default()];
        let list = |place: &ObjectPlace, source, skipped: &Arc<Mutex<Skipped>>| {
            listing::ahead(listing::sorted(place, source, Arc::clone(skipped)))
        };
        let read = self.source.directory().and_then(|directory| directory.canonicalize().ok());
        // Both tasks end with this function.
        let (of_source, _source_task) = list(&self.source, None, &skipped[0]);
        let (of_target, _target_task) = list(&self.target, read, &skipped[1]);
        let source =
            Listed { which: Which::Source, place: self.source.shown(), objects: of_source };
        let target =
            Listed { which: Which::Target, place: self.target.shown(), objects: of_target };
        let making = plan::make(
            source,
            target,
            request.deletes,
            &self.settings.directory,
            on_action,
            || object.advance(1, 0),
        );
        let made = context.cancel.run_until_cancelled(making).await;
        let plan = made.ok_or(Error::Cancelled)??;
        object.end(0);
        let _ = board.finish();
        let mut summary = Summary::from(phase("list", plan.source_objects, 0, start));
        let [of_source, of_target] = skipped
            .map(|one| std::mem::take(&mut *one.lock().unwrap_or_else(PoisonError::into_inner)));
        for (key, reason) in &of_source.named {
            tracing::warn!(key, "Skipped in the source {}: {key}: {reason}", self.source.shown());
        }
        for (key, reason) in &of_target.named {
            tracing::debug!(
                key,
                "Left alone in the target {}: {key}: {reason}",
                self.target.shown()
            );
        }
        if of_source.count > 0 {
            tracing::warn!(
                skipped = of_source.count,
                "{} of the source {} cannot be copied: rename them",
                error::counted(of_source.count),
                self.source.shown()
            );
            summary.phases.push(phase("skip", of_source.count, 0, Instant::now()));
        }
        Ok((plan, summary))
    }

    /// An empty source, or one that lacks most objects, is more likely a mistake than intended.
    fn weigh(&self, plan: &Plan, request: Request) -> Result<(), Error> {
        let (deletions, all) = (plan.deletions.objects, plan.target_objects);
        let (source, target) = (self.source.shown(), self.target.shown());
        if plan.source_objects == 0 && (all == 0 || !request.deletes) {
            tracing::warn!("The source {source} contains no objects: check MEDIA_SOURCE");
        }
        if deletions == 0 || request.is_forced {
            return Ok(());
        }
        if plan.source_objects == 0 {
            return Err(Error::Refused(format!(
                "the source {source} contains no objects, and all {all} of the target {target} would be deleted: \
                 is MEDIA_SOURCE what was meant? `run media-sync --delete --force` deletes them"
            )));
        }
        let most = self.settings.max_delete;
        if u128::from(deletions) * 100 > u128::from(all) * u128::from(most) {
            return Err(Error::Refused(format!(
                "{deletions} of the {all} objects of the target {target} are not in the source {source} and would be \
                 deleted, more than MEDIA_MAX_DELETE allows ({most} %): is MEDIA_SOURCE what was meant? \
                 `run media-sync --delete --force` deletes them"
            )));
        }
        Ok(())
    }
}

/// The path of `key` below `prefix`.
pub(crate) fn below(prefix: &Path, key: &str) -> StoreResult<Path> {
    let whole = if prefix.is_root() { key.to_owned() } else { format!("{prefix}/{key}") };
    Ok(Path::parse(whole)?)
}

fn phase(name: &str, objects: u64, bytes: u64, start: Instant) -> PhaseSummary {
    PhaseSummary {
        name: name.into(),
        objects,
        bytes,
        seconds: start.elapsed().as_secs_f64(),
        ..PhaseSummary::default()
    }
}
