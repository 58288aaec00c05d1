//! Other versions of PostgreSQL, as downloaded by `scripts/postgres-versions`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::error::Error;

/// The major versions of the servers that `scripts/postgres-versions` downloads.
pub const SERVER_VERSIONS: [u32; 6] = [13, 14, 15, 16, 17, 18];

/// A version that is too old for the copy, downloaded to test that it is refused.
pub const REFUSED_VERSION: u32 = 12;

/// The major versions of `pg_dump`, `pg_restore` and `psql` that it downloads.
pub const CLIENT_VERSIONS: [u32; 2] = [16, 18];

/// The directory of `initdb` and `postgres` of a major version.
///
/// # Errors
/// [`Error::VersionMissing`] if it was not downloaded.
pub fn server_bin_dir(major: u32) -> Result<PathBuf, Error> {
    existing("servers", major, "postgres")
}

/// The directory of `pg_dump`, `pg_restore` and `psql` of a major version.
///
/// # Errors
/// [`Error::VersionMissing`] if it was not downloaded.
pub fn client_bin_dir(major: u32) -> Result<PathBuf, Error> {
    existing("clients", major, "pg_dump")
}

fn existing(kind: &str, major: u32, program: &str) -> Result<PathBuf, Error> {
    let directory = directory();
    let bin_dir = directory.join(kind).join(major.to_string()).join("bin");
    // As in the script: files of another user are not executed.
    let is_whole = directory.join("installed").is_file() && bin_dir.join(program).is_file();
    if is_whole && is_our_own(&directory) {
        Ok(bin_dir)
    } else {
        Err(Error::VersionMissing { program: program.into(), major })
    }
}

fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("test-servers-{}-versions", Uid::current()))
}

fn is_our_own(directory: &Path) -> bool {
    std::fs::symlink_metadata(directory)
        .is_ok_and(|found| found.is_dir() && found.uid() == Uid::current().as_raw())
}
