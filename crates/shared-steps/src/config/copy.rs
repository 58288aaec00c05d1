//! Full replication: how the source is copied whole.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pg_replicate::{ForeignKeys, OnTarget, Publish, Verify, enrichment, freshness};

use pipeline::config::variable::{
    Flag, Given, Optional, duration, flag, integer, is_true, one_of, text, value,
};

/// A copy gains nothing from more workers than cores, and a larger server has no use for more of our
/// connections than this unless told.
const MOST_DEFAULT_JOBS: u16 = 8;

/// The value of `ENRICHMENT_FILE` that leaves the enrichment out.
const NO_ENRICHMENT: &str = "none";

/// How rows get from the source to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupMethod {
    /// Straight from the source.
    Live,
    /// Through an archive of pg_dump.
    Archive,
}

/// How the source is copied whole.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Copy")]
pub struct CopySettings {
    /// How rows are copied. `live`: directly from source to target, without a file. `archive`: pg_dump, then
    /// pg_restore
    ///
    /// `live` is faster: it builds indexes while other tables are still being copied.
    #[arg(long, env, default_value = "live", value_parser = one_of([
        ("live", BackupMethod::Live),
        ("archive", BackupMethod::Archive),
    ]))]
    pub backup_method: BackupMethod,

    /// How a live copy takes the place of the last one. `swap`: it is built beside the last one, which readers
    /// see until the new one is whole; then one transaction replaces it. `in-place`: the last one is dropped
    /// first
    ///
    /// `swap` needs disk for both (docs/publication.md), and applies to BACKUP_METHOD=live; a copy from a dump is
    /// always made in place.
    #[arg(long, env, default_value = "swap", value_parser = one_of([
        ("swap", Publish::Swap),
        ("in-place", Publish::InPlace),
    ]))]
    pub publish: Publish,

    /// Workers of the live copy, each with one connection per side; by default the number of CPU cores, at
    /// least 2 and at most 8
    #[arg(long, env, value_name = "N", value_parser = integer(1..=64_u16).or(default_jobs))]
    pub copy_jobs: u16,

    /// Whether foreign keys are restored: `true` validates them, `not-valid` skips validation, anything else
    /// leaves them out
    ///
    /// Without validation they are restored for rows that the source has checked: all are of one moment.
    /// With incremental tables they must be left out: their rows come later than those that refer to them.
    #[arg(
        long,
        env,
        default_value = "true",
        value_name = "true|not-valid|false",
        value_parser = value(foreign_keys)
    )]
    pub restore_fk_constraints: ForeignKeys,

    /// Parallel jobs of pg_restore, with BACKUP_METHOD=archive and for `run restore`
    #[arg(long, env, default_value = "4", value_name = "N", value_parser = integer(1..=64_u16))]
    pub pg_restore_jobs: u16,

    /// Version of the PostgreSQL client that the start script fetches on Scalingo when NODE_ENV is
    /// production; not older than the source's PostgreSQL
    #[arg(long, env, default_value = "14", value_name = "VERSION", value_parser = text())]
    pg_client_version: String,

    /// Directory for the dump while a replication runs; by default the system's temporary directory
    ///
    /// Example: /tmp
    #[arg(
        long,
        env,
        value_name = "DIRECTORY",
        value_parser = value(directory).or(std::env::temp_dir)
    )]
    pub backup_directory: PathBuf,

    /// SQL run on the target after a restore; by default the view and the four indexes of the program
    /// replaced, and passwords of "authentication-methods" overwritten; `none`: nothing is run
    ///
    /// Copy crates/pg-replicate/sql/enrichment.sql, which is the default and explains the form, and change
    /// the copy. A statement whose table or column does not exist is skipped with a line in the log.
    ///
    /// Example: enrichment.sql
    #[arg(long, env, value_name = "FILE", value_parser = value(enrichment_script).or(|| {
        enrichment::DEFAULT_SCRIPT.to_owned()
    }))]
    pub enrichment_file: String,

    /// How long a step waits for sessions that lock a table of the target, such as `10 minutes`; then it
    /// fails
    ///
    /// New readers are not blocked meanwhile, and the log names the sessions. A drop that fails has changed
    /// nothing.
    #[arg(long, env, default_value = "10 minutes", value_name = "TIME", value_parser = duration())]
    target_lock_timeout: Duration,

    /// `true`: tables, columns and sequences of other roles that depend on what is replaced are dropped with
    /// it; otherwise they are named, and nothing is changed
    ///
    /// Views, functions, foreign keys … of other roles are always dropped with what is replaced, and named
    /// in the log with their definitions.
    #[arg(long, env, default_value = "false", value_parser = flag())]
    drop_dependents: Flag,

    /// What a full or incremental replication compares with the source before it ends: nothing, each
    /// table's number of rows, or its content (docs/verification.md)
    #[arg(long, env, default_value = "none", value_parser = one_of([
        ("none", Verify::None),
        ("counts", Verify::Counts),
        ("checksums", Verify::Checksums),
    ]))]
    pub verify: Verify,

    /// A schema of the target with two tables that say of which moment each table is, and which runs there were
    /// (docs/freshness.md); empty: none
    ///
    /// The schema stays when everything else is replaced, and so does what is granted on it.
    ///
    /// Example: replication
    #[arg(long, env, value_name = "SCHEMA", value_parser = value(schema).optional())]
    pub freshness_schema: Optional<String>,
}

impl CopySettings {
    /// What those who use a target have to bear.
    #[must_use]
    pub fn on_target(&self) -> OnTarget {
        let (drops_dependents, lock_timeout) = (self.drop_dependents, self.target_lock_timeout);
        OnTarget { drops_dependents, lock_timeout }
    }
}

fn default_jobs() -> u16 {
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    u16::try_from(cores).unwrap_or(MOST_DEFAULT_JOBS).clamp(2, MOST_DEFAULT_JOBS)
}

fn foreign_keys(given: &Given<'_>) -> Result<ForeignKeys, String> {
    Ok(match given.text {
        "not-valid" => ForeignKeys::NotValid,
        _ if is_true(given) => ForeignKeys::Validated,
        _ => ForeignKeys::Without,
    })
}

fn directory(given: &Given<'_>) -> Result<PathBuf, String> {
    let path = PathBuf::from(given.text);
    if path.is_dir() { Ok(path) } else { Err("must be an existing directory".into()) }
}

fn schema(given: &Given<'_>) -> Result<String, String> {
    match freshness::wrong_schema(given.text) {
        None => Ok(given.text.to_owned()),
        Some(wrong) => Err(wrong.into()),
    }
}

fn enrichment_script(given: &Given<'_>) -> Result<String, String> {
    if given.text == NO_ENRICHMENT {
        return Ok(String::new());
    }
    let script = std::fs::read_to_string(given.text)
        .map_err(|error| format!("must be a readable SQL file: {error}"))?;
    enrichment::validate(&script)
        .map_err(|error| format!("the SQL file cannot be used: {error}"))?;
    Ok(script)
}
