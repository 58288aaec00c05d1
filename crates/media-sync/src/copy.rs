//! Copying of objects, several in parallel.

use futures_util::{StreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStoreExt, Result};
use progress::{Context, ProgressItem};
use tokio::sync::Semaphore;

use crate::error::{Error, Failures};
use crate::run::{MediaSync, below};
use crate::spool::{Entry, Spool};
use crate::streamed::{PART, Streamed, part_size};

/// Memory for all objects in transfer, in KiB.
const BUDGET: u32 = 64 << 10;

/// After this many failures, the rest would probably fail too, each after its retries.
const MOST_FAILURES: u64 = 1_000;

/// The largest object that S3 copies with one request.
const LARGEST_COPY: u64 = 5 << 30;

/// Result of the copies.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// Objects deleted from the source after it was listed.
    pub(crate) gone: u64,
    pub(crate) failures: Failures,
}

/// Result of one copy.
enum Outcome {
    Copied(u64),
    Gone,
    Cancelled,
}

impl MediaSync {
    pub(crate) async fn copy_all(
        &self,
        copies: Spool,
        progress: &ProgressItem,
        context: &Context,
    ) -> std::result::Result<Copied, Error> {
        let budget = Semaphore::new(BUDGET as usize);
        let mut copied = Copied::default();
        // After a cancellation, nothing is started, and running uploads may be aborted.
        let entries = copies.read()?.take_while(|_| !context.cancel.is_cancelled());
        let mut outcomes = stream::iter(entries)
            .map(async |entry| {
                let entry = entry?;
                let outcome = self.copy_one(&entry, progress, &budget, context).await;
                Ok::<_, Error>((entry, outcome))
            })
            .buffer_unordered(self.settings.jobs);
        while let Some(done) = outcomes.next().await {
            let (entry, outcome) = done?;
            match outcome {
                _ if context.cancel.is_cancelled() => {}
                Ok(Outcome::Cancelled) => {}
                Ok(Outcome::Copied(bytes)) => {
                    tracing::debug!(key = entry.key, bytes, "copied");
                    copied.objects += 1;
                    copied.bytes += bytes;
                }
                Ok(Outcome::Gone) => {
                    tracing::debug!(key = entry.key, "gone from the source since it was listed");
                    copied.gone += 1;
                }
                Err(error) => copied.failures.add(&entry.key, &error),
            }
            if copied.failures.count >= MOST_FAILURES {
                tracing::error!(
                    "{MOST_FAILURES} objects have failed: the remaining ones are skipped"
                );
                break;
            }
        }
        if context.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(copied) }
    }

    async fn copy_one(
        &self,
        entry: &Entry,
        progress: &ProgressItem,
        budget: &Semaphore,
        context: &Context,
    ) -> Result<Outcome> {
        let (source, target) =
            (below(&self.source.path, &entry.key)?, below(&self.target.path, &entry.key)?);
        let copying = self.copy_by(entry, (&source, &target), progress, budget, context);
        let copied = tokio::select! {
            biased;
            // An upload in progress is aborted first; everything else is dropped.
            copied = copying => copied,
            () = cancelled_for_long(context) => return Ok(Outcome::Cancelled),
        };
        match copied {
            Ok(bytes) => Ok(Outcome::Copied(bytes)),
            // If the bucket itself is missing, there is no point in continuing.
            Err(error @ object_store::Error::NotFound { .. }) => {
                match self.source.store.head(&source).await {
                    Err(object_store::Error::NotFound { .. }) => Ok(Outcome::Gone),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn copy_by(
        &self,
        entry: &Entry,
        (source, target): (&Path, &Path),
        progress: &ProgressItem,
        budget: &Semaphore,
        context: &Context,
    ) -> Result<u64> {
        if let Some(copier) = self.copier.as_ref().filter(|_| entry.size <= LARGEST_COPY) {
            copier.copy(source, target).await?;
            progress.advance(0, entry.size);
            return Ok(entry.size);
        }
        // One part is read while another is uploaded.
        let memory = if entry.size <= PART { entry.size } else { 2 * part_size(entry.size) };
        let permits = u32::try_from(memory >> 10).unwrap_or(BUDGET).clamp(1, BUDGET);
        let _memory = budget.acquire_many(permits).await;
        let streamed = Streamed {
            from: &self.source.store,
            to: &self.target.store,
            to_kind: self.target_kind,
            progress,
            cancel: &context.cancel,
        };
        streamed.copy(source, target).await
    }
}

/// Cancelled, and the time for aborting uploads is over.
async fn cancelled_for_long(context: &Context) {
    context.cancel.cancelled().await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
}
