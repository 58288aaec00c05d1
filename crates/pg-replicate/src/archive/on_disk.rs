//! Reading of archive files, including a check that they can be decompressed to the end.

use std::path::Path;
use std::process::Stdio;

use super::reader::{Archive, read, read_whole};
use crate::Error;
use crate::postgres::client_program::command;

pub(crate) async fn read_archive(dump: &Path) -> Result<Archive, Error> {
    blocking(dump, read).await
}

/// [`read_archive`] for an archive that may have been truncated by somebody else.
pub(crate) async fn read_whole_archive(dump: &Path) -> Result<Archive, Error> {
    blocking(dump, read_whole).await
}

/// Has pg_restore read the whole archive at `dump`, as the restore will, which verifies the checksums of
/// compressed data.
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
