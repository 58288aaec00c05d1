//! What a killed program leaves in a store that is a directory.
//!
//! `object_store` writes a file beside its place, as `<name>#1`, and hides such files from every list.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use object_stores::ObjectPlace;

use crate::name::Name;

/// Such a file that is older is nobody's work any longer.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes the unfinished files of a database's snapshots, when the store is a directory.
pub(crate) async fn remove(place: &ObjectPlace, label: &str) {
    if !place.shown().starts_with("file:") {
        return;
    }
    let directory = PathBuf::from(format!("/{}", place.path));
    let label = label.to_owned();
    // What cannot be read or removed is found again by the next run.
    let _ = tokio::task::spawn_blocking(move || {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| is_ours(path, &label)) {
            if is_old(&path) && std::fs::remove_file(&path).is_ok() {
                tracing::warn!(
                    "Removed {}, which an interrupted snapshot has left",
                    path.display()
                );
            }
        }
    })
    .await;
}

fn is_ours(path: &Path, label: &str) -> bool {
    let name =
        path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('#'));
    name.is_some_and(|(name, suffix)| {
        suffix.bytes().all(|digit| digit.is_ascii_digit())
            && name.parse::<Name>().is_ok_and(|name| name.database == label)
    })
}

fn is_old(path: &Path) -> bool {
    let modified = path.metadata().and_then(|file| file.modified());
    let age = modified.map(|modified| SystemTime::now().duration_since(modified));
    matches!(age, Ok(Ok(age)) if age > OLD)
}
