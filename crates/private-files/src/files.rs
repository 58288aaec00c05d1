//! Files and directories, and whose they are.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Mode of files.
const FILE: u32 = 0o600;

/// Mode of directories.
pub(crate) const DIRECTORY: u32 = 0o700;

/// Creates an empty file, replacing an existing one, and never writes through a symbolic link.
///
/// # Errors
/// An error of the operating system, also if the name belongs to a directory.
pub fn create(path: &Path) -> Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => create_new(path),
    }
}

/// Creates an empty file that does not exist yet.
///
/// # Errors
/// An error of the operating system, including [`ErrorKind::AlreadyExists`].
pub fn create_new(path: &Path) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE).open(path)
}

/// Creates a directory and its missing parents; existing directories are unchanged.
///
/// # Errors
/// An error of the operating system.
pub fn create_directories(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY).create(path)
}

/// Creates a directory, or makes an existing one of this user private. Returns false if the name belongs to
/// something else or to another user's directory.
///
/// # Errors
/// An error of the operating system.
pub fn claim_directory(path: &Path) -> Result<bool> {
    match DirBuilder::new().mode(DIRECTORY).create(path) {
        Ok(()) => return Ok(true),
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    if !is_own_directory(path) {
        return Ok(false);
    }
    std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY))?;
    Ok(true)
}

/// Makes a file private if it belongs to this user.
///
/// # Errors
/// An error of the operating system.
pub fn restrict(path: &Path) -> Result<()> {
    if is_own_file(path) {
        std::fs::set_permissions(path, Permissions::from_mode(FILE))?;
    }
    Ok(())
}

/// How many bytes can be written below a directory, if that can be told.
#[must_use]
pub fn free_space(directory: &Path) -> Option<u64> {
    let space = nix::sys::statvfs::statvfs(directory).ok()?;
    Some(space.blocks_available().saturating_mul(space.fragment_size()))
}

/// Whether this is a regular file of this user and not a symbolic link.
#[must_use]
pub fn is_own_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file() && is_own(&found))
}

pub(crate) fn is_own_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir() && is_own(&found))
}

fn is_own(found: &std::fs::Metadata) -> bool {
    found.uid() == nix::unistd::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_that_others_can_read_is_replaced_and_links_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (old, link) = (directory.path().join("old"), directory.path().join("link"));
        std::fs::write(&old, "old").unwrap();
        std::os::unix::fs::symlink(&old, &link).unwrap();
        create(&link).unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"old");
        assert!(is_own_file(&link));
        assert_ne!(mode(&old), 0o600, "the umask of the tests allows others to read");
        create(&old).unwrap();
        assert_eq!((mode(&old), mode(&link)), (0o600, 0o600));
        assert!(create(directory.path()).is_err());
    }

    #[test]
    fn directories_are_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        create_directories(&parent.path().join("a/b")).unwrap();
        assert_eq!(
            (mode(&parent.path().join("a")), mode(&parent.path().join("a/b"))),
            (0o700, 0o700)
        );
        let open = parent.path().join("open");
        std::fs::create_dir(&open).unwrap();
        assert!(claim_directory(&open).unwrap());
        assert_eq!(mode(&open), 0o700);
        let odd = parent.path().join("odd");
        std::fs::write(&odd, "").unwrap();
        assert!(!claim_directory(&odd).unwrap());
        std::os::unix::fs::symlink(&open, parent.path().join("link")).unwrap();
        assert!(!claim_directory(&parent.path().join("link")).unwrap());
    }
}
