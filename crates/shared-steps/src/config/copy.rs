//! How the source is copied whole.

use std::num::NonZero;

use clap::Args;
use pg_replicate::ForeignKeys;

use super::reader::Reader;

/// A copy gains nothing from more workers than cores, and a larger server has no use for more of our
/// connections than this unless told.
const MOST_DEFAULT_JOBS: u16 = 8;

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct CopyOptions {
    /// How rows are copied. `live`: directly from source to target, without a file. `archive`: pg_dump, then pg_restore
    #[arg(
        long,
        env = "BACKUP_METHOD",
        default_value = "live",
        hide_env_values = true,
        value_name = "live|archive",
        help_heading = "Copy"
    )]
    backup_method: String,

    /// Workers of the live copy, each with one connection per side; by default the number of CPU cores, at least 2 and at most 8
    #[arg(
        long,
        env = "COPY_JOBS",
        default_value = "",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Copy"
    )]
    copy_jobs: String,

    /// Whether foreign keys are restored: `true` validates them, `not-valid` skips validation, anything else leaves them out
    #[arg(
        long,
        env = "RESTORE_FK_CONSTRAINTS",
        default_value = "true",
        hide_env_values = true,
        value_name = "true|not-valid|false",
        help_heading = "Copy"
    )]
    restore_fk_constraints: String,
}

/// Which way the rows take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupMethod {
    /// Straight from the source.
    Live,
    /// Through an archive of pg_dump.
    Archive,
}

/// What the variables mean.
#[derive(Debug, Clone)]
pub struct CopySettings {
    /// `BACKUP_METHOD`.
    pub method: BackupMethod,
    /// `COPY_JOBS`.
    pub jobs: u16,
    /// `RESTORE_FK_CONSTRAINTS`.
    pub foreign_keys: ForeignKeys,
}

impl Reader {
    pub(super) fn copy(&mut self, options: &CopyOptions) -> Option<CopySettings> {
        let method = self.choice(
            "BACKUP_METHOD",
            &options.backup_method,
            [("live", BackupMethod::Live), ("archive", BackupMethod::Archive)],
        );
        let jobs = self.number("COPY_JOBS", &options.copy_jobs, default_jobs(), 1, 64);
        let text = options.restore_fk_constraints.trim();
        let foreign_keys = if text == "not-valid" {
            ForeignKeys::NotValid
        } else if self.flag("RESTORE_FK_CONSTRAINTS", text, true) {
            ForeignKeys::Validated
        } else {
            ForeignKeys::Without
        };
        Some(CopySettings { method: method?, jobs: jobs?, foreign_keys })
    }
}

fn default_jobs() -> u16 {
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    u16::try_from(cores).unwrap_or(MOST_DEFAULT_JOBS).clamp(2, MOST_DEFAULT_JOBS)
}
