//! Configuration: environment variables and command-line options, checked as a whole.
//!
//! [`Options`] is what the user wrote, [`Settings`] what it means. Everything that is wrong is
//! reported at once, by the name of the variable, before anything else happens.

mod after_restore;
mod backup_source;
mod copy;
mod log_level;
mod masking;
mod media;
mod misspelt;
mod on_target;
mod options;
mod protected;
mod reader;
mod schema_export;
mod settings;
mod snapshots;
mod verify;

use std::process::ExitCode;

pub use copy::{BackupMethod, CopySettings};
pub use media::MediaSettings;
pub use options::Options;
use pipeline::config::{checked, parse, print_error};
pub use schema_export::SchemaExportSettings;
pub use settings::{ScheduleSettings, Settings};
pub use snapshots::SnapshotSettings;

/// Reads `.env`, the environment and the command line of `P`, and the settings that they mean.
///
/// # Errors
/// The exit code to end with; every wrong value has been written to stderr.
pub fn parse_settings<P: clap::Parser + AsRef<Options>>() -> Result<(P, Settings), ExitCode> {
    let cli = parse::<P>()?;
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in misspelt::warnings(&P::command(), set) {
        print_error(&format!("warning: {warning}"));
    }
    let settings = checked(Settings::try_from(cli.as_ref()))?;
    if settings.hides_values {
        pg_replicate::hide_error_values();
    }
    Ok((cli, settings))
}
