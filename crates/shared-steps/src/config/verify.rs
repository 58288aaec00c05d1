//! Whether a copy is compared with its source.

use clap::Args;
use pg_replicate::Verify;

use super::reader::Reader;

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct VerifyOptions {
    /// What a full or incremental replication compares with the source before it ends: nothing, each table's number of rows, or its content (docs/verification.md)
    #[arg(
        long,
        env = "VERIFY",
        default_value = "none",
        hide_env_values = true,
        value_name = "none|counts|checksums",
        help_heading = "Copy"
    )]
    verify: String,
}

impl VerifyOptions {
    pub(super) fn read(&self, reader: &mut Reader) -> Option<Verify> {
        let choices =
            [("none", Verify::None), ("counts", Verify::Counts), ("checksums", Verify::Checksums)];
        reader.choice("VERIFY", &self.verify, choices)
    }
}
