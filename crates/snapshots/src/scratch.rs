//! A directory for files that nobody needs afterwards.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;

/// Directories of ours begin so.
const PREFIX: &str = "snapshot-";

/// Held while the directory is used; the system lets go of it when the program ends, however it ends.
const LOCK: &str = "lock";

/// A directory that only we may read, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes one in `parent`, and removes those that a killed program has left there.
    pub(crate) fn create(parent: &Path) -> Result<Self, Error> {
        remove_dead(parent);
        let directory = TempDir::with_prefix_in(PREFIX, parent)
            .map_err(|source| Error::file("create a directory in", parent, source))?;
        let lock = lock(directory.path())
            .map_err(|source| Error::file("lock", directory.path(), source))?;
        Ok(Self { directory, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Locked first and named then: nobody finds it without its lock.
fn lock(directory: &Path) -> std::io::Result<File> {
    let unnamed = directory.join("lock.new");
    let file = File::create_new(&unnamed)?;
    file.lock()?;
    fs::rename(unnamed, directory.join(LOCK))?;
    Ok(file)
}

fn remove_dead(parent: &Path) {
    for directory in ours(parent) {
        let Ok(lock) = File::open(directory.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() && fs::remove_dir_all(&directory).is_ok() {
            tracing::warn!(
                "Removed {}, which an interrupted snapshot has left",
                directory.display()
            );
        }
    }
}

fn ours(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_is_removed_and_nothing_else() {
        let parent = TempDir::new().unwrap();
        let in_use = Scratch::create(parent.path()).unwrap();
        let dead = parent.path().join("snapshot-dead");
        fs::create_dir(&dead).unwrap();
        for file in [LOCK, "database.dump"] {
            fs::write(dead.join(file), "").unwrap();
        }
        let foreign = parent.path().join("snapshot-without-a-lock");
        fs::create_dir(&foreign).unwrap();
        let second = Scratch::create(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(in_use.path().exists() && second.path().exists() && foreign.exists());
        drop((in_use, second));
        assert_eq!(ours(parent.path()), [foreign]);
    }
}
