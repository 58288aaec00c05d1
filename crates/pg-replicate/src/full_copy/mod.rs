//! Backup, drop and restore of a whole database.

use std::path::Path;

use crate::{BackupMode, Check, Context, DatabaseUrl, Error, Summary};

/// A whole database copied through a pg_dump archive.
#[derive(Clone, Debug)]
pub struct FullCopy {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written.
    pub target: DatabaseUrl,
    /// The tables that are left alone.
    pub mode: BackupMode,
    /// Whether foreign keys are restored.
    pub foreign_keys: bool,
    /// Parallel connections of the restore.
    pub restore_jobs: u16,
}

impl FullCopy {
    /// Looks at everything a copy needs, and changes nothing.
    pub async fn check(&self) -> Vec<Check> {
        Vec::new()
    }

    /// [`FullCopy::check`] as an error.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or [`Error::Preflight`] with all that is wrong.
    pub async fn preflight(&self) -> Result<(), Error> {
        Err(Error::Configuration("being written".into()))
    }

    /// What the restore of an archive needs: the target only.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`], and [`Error::Archive`].
    pub async fn preflight_restore(&self, _dump: &Path) -> Result<(), Error> {
        Err(Error::Configuration("being written".into()))
    }

    /// Dumps the source into `dump`.
    ///
    /// # Errors
    /// Why not.
    pub async fn backup(&self, _dump: &Path, _context: &Context) -> Result<Summary, Error> {
        Err(Error::Configuration("being written".into()))
    }

    /// Drops everything of ours on the target but the kept tables.
    ///
    /// # Errors
    /// Why not.
    pub async fn drop_objects(&self, _context: &Context) -> Result<Summary, Error> {
        Err(Error::Configuration("being written".into()))
    }

    /// Restores `dump` into the target.
    ///
    /// # Errors
    /// Why not.
    pub async fn restore(&self, _dump: &Path, _context: &Context) -> Result<Summary, Error> {
        Err(Error::Configuration("being written".into()))
    }
}
