//! `MASKING`: what becomes of columns about which the rules of `BACKUP_MODE` say nothing.

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
}

impl MaskingOptions {
    pub(super) fn read(&self, reader: &mut Reader) -> Option<Masking> {
        let choices = [("off", Masking::Off), ("strict", Masking::Strict)];
        reader.choice("MASKING", &self.masking, choices)
    }
}
