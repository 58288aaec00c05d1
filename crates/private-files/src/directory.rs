//! Private directories for temporary files.

use std::fs::{File, OpenOptions, Permissions};
use std::io::Result;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use tempfile::TempDir;

use crate::files::{DIRECTORY, is_own_directory};

/// Prefix of the directories' names.
const PREFIX: &str = "db-replication-temporary-";

/// A directory that only its owner can read, removed when it is dropped.
///
/// It is locked while it is in use. The operating system releases the lock when the program ends in any
/// way; the next directory that is created next to it then removes it.
#[derive(Debug)]
pub struct PrivateDirectory {
    directory: TempDir,
    /// `None` on a file system without such locks; the directories of killed programs then stay.
    _lock: Option<File>,
}

impl PrivateDirectory {
    /// Creates one in `parent`, and removes those that killed programs of this user have left there.
    ///
    /// # Errors
    /// An error of the operating system about the new directory; old ones that cannot be removed are left.
    pub fn create(parent: &Path) -> Result<Self> {
        remove_abandoned(parent);
        loop {
            let mut builder = tempfile::Builder::new();
            builder.prefix(PREFIX).permissions(Permissions::from_mode(DIRECTORY));
            let directory = builder.tempdir_in(parent)?;
            let lock = open(directory.path()).and_then(|file| file.lock().map(|()| file)).ok();
            // Between the two steps, another program may have considered it abandoned.
            if lock.as_ref().is_none_or(|lock| is_still(directory.path(), lock))
                && directory.path().is_dir()
            {
                return Ok(Self { directory, _lock: lock });
            }
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

fn open(directory: &Path) -> Result<File> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(directory)
}

fn is_still(path: &Path, opened: &File) -> bool {
    let inode = |found: std::fs::Metadata| (found.dev(), found.ino());
    matches!(
        (path.symlink_metadata().map(inode), opened.metadata().map(inode)),
        (Ok(named), Ok(opened)) if named == opened
    )
}

fn remove_abandoned(parent: &Path) {
    for directory in own_directories(parent) {
        let Ok(file) = open(&directory) else { continue };
        if file.try_lock().is_err() || !is_still(&directory, &file) {
            continue;
        }
        match std::fs::remove_dir_all(&directory) {
            Ok(()) => {
                tracing::warn!("Removed {}, left by an interrupted program", directory.display());
            }
            Err(error) => {
                tracing::warn!(
                    "{}, left by an interrupted program, cannot be removed: {error}",
                    directory.display()
                );
            }
        }
    }
}

fn own_directories(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .filter(|path| is_own_directory(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let in_use = PrivateDirectory::create(parent.path()).unwrap();
        assert_eq!(in_use.path().metadata().unwrap().mode() & 0o777, 0o700);
        let named = |name: &str| parent.path().join(format!("{PREFIX}{name}"));
        std::fs::create_dir_all(named("dead").join("fixtures")).unwrap();
        std::fs::write(named("dead").join("fixtures/users.json"), "").unwrap();
        // Unexpected entries are not an error, and stay.
        std::fs::write(named("file"), "").unwrap();
        std::os::unix::fs::symlink(in_use.path(), named("link")).unwrap();
        let other = parent.path().join("holiday");
        std::fs::create_dir(&other).unwrap();
        let second = PrivateDirectory::create(parent.path()).unwrap();
        assert!(!named("dead").exists());
        assert!(named("file").exists() && named("link").exists() && other.exists());
        let paths = [in_use.path().to_owned(), second.path().to_owned()];
        assert!(paths.iter().all(|path| path.is_dir()));
        drop((in_use, second));
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
