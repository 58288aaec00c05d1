//! Backup, drop and restore of a whole database.

mod backup;
mod catalog;
mod check;
mod drop;
mod ignorable;
mod restore;
mod restore_log;
mod restore_progress;

use std::path::Path;

use crate::{BackupMode, Check, Context, DatabaseUrl, Error, Summary};

/// A whole database copied through an archive of pg_dump.
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
    /// Parallel connections of the restore, at least 1.
    pub restore_jobs: u16,
}

impl FullCopy {
    /// Looks at everything a copy needs, and changes nothing.
    pub async fn check(&self) -> Vec<Check> {
        check::all(self).await.checks
    }

    /// [`FullCopy::check`] as an error, for the moment before anything is changed.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or [`Error::Preflight`] with all that is wrong.
    pub async fn preflight(&self) -> Result<(), Error> {
        check::all(self).await.into_result()
    }

    /// What the restore of the archive at `dump` needs; the source is not looked at.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`], and [`Error::Archive`].
    pub async fn preflight_restore(&self, dump: &Path) -> Result<(), Error> {
        check::restore(self, dump).await?.into_result()
    }

    /// Dumps the source, but for the kept tables, into a custom-format archive at `dump`.
    ///
    /// It is written beside, as `<dump>.partial`, and renamed: a file at `dump` is always whole.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Program`] with pg_dump's errors, [`Error::Unreachable`].
    pub async fn backup(&self, dump: &Path, context: &Context) -> Result<Summary, Error> {
        backup::run(self, dump, context).await
    }

    /// Drops everything that the role owns in the target but the kept tables and what they need, in
    /// one transaction.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Database`] with the object that could not be dropped.
    pub async fn drop_objects(&self, context: &Context) -> Result<Summary, Error> {
        drop::run(self, context).await
    }

    /// Restores the archive at `dump` into the target, but for what belongs to kept tables and, when
    /// they are off, foreign keys.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Restore`] with every object that could not be restored.
    pub async fn restore(&self, dump: &Path, context: &Context) -> Result<Summary, Error> {
        restore::run(self, dump, context).await
    }
}

/// A connection string for `--dbname`: all that the environment cannot say, and no password.
fn connection_string(url: &DatabaseUrl) -> String {
    let database = url.database().replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{database}' keepalives_idle=30 keepalives_interval=10 keepalives_count=3")
}
