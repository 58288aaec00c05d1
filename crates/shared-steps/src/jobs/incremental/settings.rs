//! Variables of an incremental replication.

use clap::Args;
use pg_replicate::{CopyFormat, SchemaChanges};

use pipeline::config::variable::{integer, one_of};

/// How an incremental replication copies.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Incremental replication")]
pub struct IncrementalSettings {
    /// A column that is new on the source of an incremental table: `fail` refuses the table and names the
    /// column, `add` adds it to the target
    #[arg(long, env, default_value = "fail", value_parser = one_of([
        ("fail", SchemaChanges::Fail),
        ("add", SchemaChanges::Add),
    ]))]
    pub schema_changes: SchemaChanges,

    /// How many tables an incremental replication copies at once
    #[arg(long, env, default_value = "2", value_name = "N", value_parser = integer(1..=64_u16))]
    pub incremental_jobs: u16,

    /// COPY format of an incremental replication; binary is faster, and falls back to text where column
    /// types need it
    #[arg(long, env, default_value = "binary", value_parser = one_of([
        ("binary", CopyFormat::Binary),
        ("text", CopyFormat::Text),
    ]))]
    pub incremental_copy_format: CopyFormat,
}
