//! Stale uploads: unfinished files that a killed program left in a `file://` store.

use std::path::PathBuf;

use object_stores::{ObjectPlace, remove_unfinished_files};

use crate::name::Name;

/// Removes the unfinished files of a database's snapshots, if the store is a directory.
pub(crate) async fn remove(place: &ObjectPlace, label: &str) {
    if !place.shown().starts_with("file:") {
        return;
    }
    let directory = PathBuf::from(format!("/{}", place.path));
    let label = label.to_owned();
    // Files that cannot be read or removed are found again by the next run.
    let _ = tokio::task::spawn_blocking(move || {
        let is_ours = |name: &str| name.parse::<Name>().is_ok_and(|name| name.database == label);
        for path in remove_unfinished_files(&directory, is_ours) {
            tracing::warn!("Removed {}, which an interrupted snapshot has left", path.display());
        }
    })
    .await;
}
