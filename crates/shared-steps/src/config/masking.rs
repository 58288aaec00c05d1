//! `MASKING` and `ERROR_VALUES`: what becomes of columns about which the rules of `BACKUP_MODE` say nothing.

use clap::Args;
use pg_replicate::Masking;

use super::reader::Reader;

/// Masking while copying.
#[derive(Args, Debug, Clone)]
pub(super) struct MaskingOptions {
    /// A column about which the rules of its table in `BACKUP_MODE` say nothing: `off` copies it, `strict` refuses the table
    #[arg(
        long,
        env = "MASKING",
        default_value = "off",
        hide_env_values = true,
        value_name = "off|strict",
        help_heading = "Copy"
    )]
    masking: String,

    /// Whether errors of PostgreSQL show values of rows: `hide` keeps SQLSTATE, object and position; by default `hide` when BACKUP_MODE has rules, else `show`
    #[arg(
        long,
        env = "ERROR_VALUES",
        default_value = "",
        hide_env_values = true,
        value_name = "hide|show",
        help_heading = "Copy"
    )]
    error_values: String,
}

impl MaskingOptions {
    pub(super) fn read(&self, reader: &mut Reader) -> Option<Masking> {
        let choices = [("off", Masking::Off), ("strict", Masking::Strict)];
        reader.choice("MASKING", &self.masking, choices)
    }

    /// Whether values are hidden, if anything is said about it.
    pub(super) fn hides_values(&self, reader: &mut Reader) -> Option<Option<bool>> {
        let choices = [("", None), ("hide", Some(true)), ("show", Some(false))];
        reader.choice("ERROR_VALUES", &self.error_values, choices)
    }
}
