//! `BACKUP_MODE`: tables that are not copied whole, or not as they are.

use clap::Args;
use pg_replicate::{BackupMode, Masking};

use pipeline::config::variable::{Optional, one_of, value};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Copy")]
pub(super) struct BackupModeOptions {
    /// JSON, table to `incremental` (kept, and only new rows are added), `none` (kept as it is) or an object
    /// (docs/incremental.md); other tables are copied whole
    ///
    /// An object selects more: any key, changed rows, rows committed late, deletions. Rows can also be
    /// filtered and values replaced while they are copied (docs/masking.md).
    ///
    /// For example '{"answers":"incremental","logs":"none"}',
    /// '{"users":{"mode":"upsert","key":"id","cursor":"updatedAt","lag":"10 minutes"}}' or
    /// '{"users":{"columns":{"email":"id || $$@example.net$$"},"keep":["id"]}}'.
    #[arg(long, env, default_value = "{}", value_name = "JSON", value_parser = value(|given| {
        given.text.parse::<BackupMode>().map_err(|error| error.to_string())
    }))]
    backup_mode: BackupMode,

    /// A column about which the rules of its table in BACKUP_MODE say nothing: `off` copies it, `strict`
    /// refuses the table
    ///
    /// `strict` refuses it before anything is changed; tables without rules are not affected.
    #[arg(long, env, default_value = "off", value_parser = one_of([
        ("off", Masking::Off),
        ("strict", Masking::Strict),
    ]))]
    masking: Masking,

    /// Whether errors of PostgreSQL show values of rows: `hide` keeps SQLSTATE, object and position; by
    /// default `hide` when BACKUP_MODE has rules, else `show`
    #[arg(long, env, value_parser = one_of([("hide", true), ("show", false)]).optional())]
    error_values: Optional<bool>,
}

impl BackupModeOptions {
    pub(super) fn mode(&self) -> BackupMode {
        self.backup_mode.clone().with_masking(self.masking)
    }

    /// Whether errors show no values of rows.
    pub(super) fn hides_values(&self) -> bool {
        self.error_values.unwrap_or(self.backup_mode.copy_rules().next().is_some())
    }
}
