//! Deletions, after everything has been copied.

use futures_util::{StreamExt, stream};
use object_store::Error as StoreError;
use object_store::path::Path;
use progress::Context;

use crate::error::{Error, Failures};
use crate::run::{MediaSync, below};
use crate::spool::Spool;

impl MediaSync {
    /// Returns the number of deleted objects.
    pub(crate) async fn delete_all(
        &self,
        deletions: Spool,
        context: &Context,
    ) -> Result<u64, Error> {
        let prefix = self.target.path.clone();
        let paths = deletions.read()?.map(move |entry| {
            let entry = entry.map_err(|error| StoreError::Generic {
                store: "media-sync",
                source: Box::new(error),
            })?;
            below(&prefix, &entry.key)
        });
        let mut deleted = self.target.store.delete_stream(stream::iter(paths).boxed());
        let (mut count, mut failures) = (0, Failures::default());
        while let Some(done) =
            context.cancel.run_until_cancelled(deleted.next()).await.ok_or(Error::Cancelled)?
        {
            match done {
                Ok(path) => {
                    tracing::debug!(%path, "deleted");
                    count += 1;
                }
                // Another program was faster.
                Err(StoreError::NotFound { .. }) => count += 1,
                Err(error) => {
                    let key = named(&error, &self.target.path);
                    failures.add(&key, &error);
                }
            }
        }
        if failures.count > 0 {
            return Err(Error::Delete { failures: failures.named, count: failures.count });
        }
        Ok(count)
    }
}

/// The object that caused an error, as far as the error tells.
fn named(error: &StoreError, prefix: &Path) -> String {
    let path = match error {
        StoreError::PermissionDenied { path, .. }
        | StoreError::Unauthenticated { path, .. }
        | StoreError::Precondition { path, .. } => path.as_str(),
        _ => return "a deletion".into(),
    };
    path.strip_prefix(prefix.as_ref()).unwrap_or(path).trim_start_matches('/').into()
}
