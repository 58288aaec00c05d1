//! Archives as files: read, and inflated to the end.

use std::path::Path;
use std::process::Stdio;

use super::reader::{Archive, read, read_whole};
use crate::Error;
use crate::postgres::client_program::command;

pub(crate) async fn read_archive(dump: &Path) -> Result<Archive, Error> {
    blocking(dump, read).await
}

/// [`read_archive`] of an archive that somebody else may have cut short.
pub(crate) async fn read_whole_archive(dump: &Path) -> Result<Archive, Error> {
    blocking(dump, read_whole).await
}

/// Has pg_restore read all of the archive at `dump`, as the restore will: compressed data has
/// check sums.
pub(crate) async fn inflate(dump: &Path) -> Result<(), Error> {
    let missing = |error: std::io::Error| Error::ProgramMissing {
        program: "pg_restore".into(),
        reason: error.to_string(),
    };
    let output = command("pg_restore")
        .arg("--file=/dev/null")
        .arg(dump)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .await
        .map_err(missing)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = format!("damaged: {}", said.trim().lines().next().unwrap_or_default());
    Err(Error::Archive { path: dump.to_owned(), reason })
}

async fn blocking(
    dump: &Path,
    read: fn(&Path) -> Result<Archive, Error>,
) -> Result<Archive, Error> {
    let path = dump.to_owned();
    match tokio::task::spawn_blocking(move || read(&path)).await {
        Ok(archive) => archive,
        Err(_) => {
            Err(Error::Archive { path: dump.to_owned(), reason: "it could not be read".into() })
        }
    }
}
