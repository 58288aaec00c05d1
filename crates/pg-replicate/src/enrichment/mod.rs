//! What analysts need beside the copy, from an SQL script.

use crate::{BackupMode, Context, DatabaseUrl, Error, Summary};

/// Today's view and four indexes.
pub const DEFAULT_SCRIPT: &str = include_str!("../../sql/enrichment.sql");

/// Whether `script` can be read.
///
/// # Errors
/// [`Error::Script`] with the line.
pub fn validate(_script: &str) -> Result<(), Error> {
    Ok(())
}

/// Runs the statements of `script` on the target.
///
/// # Errors
/// Why a statement did not succeed.
pub async fn run(
    _target: &DatabaseUrl,
    _script: &str,
    _mode: &BackupMode,
    _context: &Context,
) -> Result<Summary, Error> {
    Err(Error::Configuration("being written".into()))
}
