//! Full copy: backup, drop and restore of a whole database.

mod archive_data;
mod backup;
mod ddl;
mod drop;
mod extension_rows;
mod failure;
mod failure_policy;
mod live;
mod name_list;
mod object_catalog;
mod pg_restore_run;
mod preflight;
mod publish;
mod refused;
mod restore;
mod restore_log;
mod restore_plan;
mod restore_progress;
mod restore_script;
mod script_entry;
mod settings;
mod staging;
mod statements;

use std::path::Path;

use crate::full_copy::preflight::Needed;
pub use live::LiveOptions;
pub use settings::{ForeignKeys, FullCopy, Publish};

use crate::phase_shares;
use crate::postgres::connection_rehearsal::rehearse;
use crate::{Check, Error, Side};
use progress::{Context, Summary};

impl FullCopy {
    /// Checks everything that a copy through an archive needs, without changing anything.
    pub async fn check(&self) -> Vec<Check> {
        self.checked().await.checks
    }

    /// Checks everything that [`FullCopy::live`] needs with `jobs` workers, without changing anything.
    pub async fn check_live(&self, jobs: u16) -> Vec<Check> {
        self.checked_live(jobs).await.checks
    }

    /// [`FullCopy::check`] as an error, before anything is changed.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or [`Error::Preflight`] with everything that is wrong.
    pub async fn preflight(&self) -> Result<(), Error> {
        self.checked().await.into_result()
    }

    /// [`FullCopy::check_live`] as an error, before anything is changed.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`].
    pub async fn preflight_live(&self, jobs: u16) -> Result<(), Error> {
        self.checked_live(jobs).await.into_result()
    }

    async fn checked_live(&self, jobs: u16) -> preflight::Checks {
        let mut checks = preflight::all(self, Needed::live(jobs)).await;
        if self.publish == Publish::Swap && checks.are_good() {
            checks.checks.push(preflight::published(self).await);
        }
        checks
    }

    async fn checked(&self) -> preflight::Checks {
        let mut checks = preflight::all(self, Needed::archive(self.restore_jobs)).await;
        checks.checks.extend(preflight::archive_masks_nothing(self));
        checks
    }

    /// An archive must neither be made nor restored if there are rules to apply, even if the caller forgot
    /// to check.
    fn obeys_rules(&self) -> Result<(), Error> {
        match preflight::archive_masks_nothing(self) {
            Some(check) => Err(Error::Preflight(vec![check])),
            None => Ok(()),
        }
    }

    /// Checks everything that any restore needs; the source is not examined.
    pub async fn check_target(&self) -> Vec<Check> {
        preflight::target(self).await.checks
    }

    /// [`FullCopy::check_target`] as an error.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`].
    pub async fn preflight_target(&self) -> Result<(), Error> {
        preflight::target(self).await.into_result()
    }

    /// Checks what the restore of the archive at `dump` needs; the source is not examined. The archive is
    /// read and decompressed to its end, so that a truncated or damaged one is refused.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`], and [`Error::Archive`].
    pub async fn preflight_restore(&self, dump: &Path) -> Result<(), Error> {
        preflight::restore(self, dump).await?.into_result()
    }

    /// Dumps the source, except the kept tables, into a custom-format archive at `dump`.
    ///
    /// It is written as `<dump>.partial` and renamed, so a file at `dump` is always complete.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Program`] with pg_dump's errors, [`Error::Unreachable`],
    /// [`Error::Preflight`] if tables have rules that pg_dump cannot apply.
    pub async fn backup(&self, dump: &Path, context: &Context) -> Result<Summary, Error> {
        self.obeys_rules()?;
        backup::run(self, dump, context).await
    }

    /// Drops everything that the role owns on the target, except the kept tables and what they need, in one
    /// transaction unless the server's lock table is too small for it.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Database`] with the object that could not be dropped, [`Error::Busy`]
    /// with those who held a table for too long, [`Error::Configuration`] if rows of other roles would be
    /// lost.
    pub async fn drop_objects(&self, context: &Context) -> Result<Summary, Error> {
        drop::end_interrupted(self).await?;
        let restoring = usize::from(self.restore_jobs) + 1;
        rehearse(&self.target, Side::Target, restoring, context).await?;
        drop::run(self, phase_shares::DROP, context).await
    }

    /// Restores the archive at `dump` into the target, except what belongs to kept tables and, if they are
    /// disabled, foreign keys.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Restore`] with every object that could not be restored,
    /// [`Error::Preflight`] if tables have rules that an archive cannot apply.
    pub async fn restore(&self, dump: &Path, context: &Context) -> Result<Summary, Error> {
        self.obeys_rules()?;
        restore::run(self, dump, context).await
    }

    /// What [`FullCopy::restore_script`] needs for the script in `file`, which is read to its end; the source is not
    /// looked at.
    ///
    /// # Errors
    /// As [`FullCopy::preflight`], also when `BACKUP_MODE` keeps tables or has rules, or the script cannot be read.
    pub async fn preflight_script(&self, file: &Path) -> Result<(), Error> {
        self.obeys_rules()?;
        if let Some(kept) = self.mode.kept().next() {
            return Err(Error::Preflight(vec![Check::bad(
                "BACKUP_MODE",
                format!(
                    "it keeps {kept}, which a plain SQL dump would create again: restore a dump in custom \
                     format, or set BACKUP_MODE to {{}}"
                ),
            )]));
        }
        preflight::script(self, file).await.into_result()
    }

    /// Restores an SQL file written by `pg_dump --format=plain` into the target, except foreign keys if
    /// they are disabled.
    ///
    /// # Errors
    /// As [`FullCopy::preflight_script`] and [`FullCopy::restore`]; [`Error::Archive`] for a file that is
    /// not a script.
    pub async fn restore_script(&self, file: &Path, context: &Context) -> Result<Summary, Error> {
        self.obeys_rules()?;
        restore_script::run(self, file, context).await
    }

    /// Drops what [`FullCopy::drop_objects`] drops, and copies the source directly into the target without
    /// a file of its rows: everything from one snapshot of the source, with rows, indexes and constraints
    /// of many tables in parallel.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Unreachable`] if a server or the snapshot is lost; [`Error::Restore`]
    /// with every object that could not be created, after all others were.
    pub async fn live(&self, options: &LiveOptions, context: &Context) -> Result<Summary, Error> {
        live::run(self, options, context).await
    }
}
