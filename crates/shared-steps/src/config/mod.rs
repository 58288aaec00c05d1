//! Configuration: environment variables and command-line options, checked as a whole.
//!
//! [`Options`] is what the user wrote, [`Settings`] what it means. Everything that is wrong is
//! reported at once, by the name of the variable, before anything else happens.

mod after_restore;
mod backup_source;
mod copy;
mod dotenv;
mod error;
mod log_level;
mod masking;
mod media;
mod misspelt;
mod on_target;
mod options;
mod protected;
mod reader;
mod redis;
mod schema_export;
mod settings;
mod snapshots;
mod verify;

use std::process::ExitCode;

pub use bull_queue::RedisUrl;
pub use copy::{BackupMethod, CopySettings};
pub use dotenv::load as load_dotenv;
pub use error::{Errors, Problem};
pub use media::MediaSettings;
pub use options::Options;
pub use redis::RedisOptions;
pub use schema_export::SchemaExportSettings;
pub use settings::{ScheduleSettings, Settings};
pub use snapshots::{MaxAgeOptions, SnapshotSettings};

/// Reads `.env`, the environment and the command line of `P`; a usage error ends with exit code 2.
///
/// # Errors
/// The exit code to end with, the message having been written.
pub fn parse<P: clap::Parser>() -> Result<P, ExitCode> {
    if let Err(message) = load_dotenv() {
        complain(&message);
        return Err(ExitCode::from(crate::exit::USAGE));
    }
    P::try_parse().map_err(|error| {
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { crate::exit::USAGE } else { crate::exit::DONE })
    })
}

/// [`parse`], and the settings that the options mean.
///
/// # Errors
/// As [`parse`]; every wrong value has been written to stderr.
pub fn parse_settings<P: clap::Parser + AsRef<Options>>() -> Result<(P, Settings), ExitCode> {
    let cli = parse::<P>()?;
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in misspelt::warnings(&P::command(), set) {
        complain(&format!("warning: {warning}"));
    }
    let settings = checked(Settings::try_from(cli.as_ref()))?;
    if settings.hides_values {
        pg_replicate::hide_error_values();
    }
    Ok((cli, settings))
}

/// What was read, or the exit code to end with, every wrong value having been written to stderr.
///
/// # Errors
/// [`crate::exit::USAGE`].
pub fn checked<T>(read: Result<T, Errors>) -> Result<T, ExitCode> {
    read.map_err(|errors| {
        complain(&errors.to_string());
        ExitCode::from(crate::exit::USAGE)
    })
}

/// Writes a message for the person at the terminal to stderr.
pub fn complain(message: &str) {
    use std::io::Write;
    let message = crate::secrets::without(message);
    let _ = writeln!(std::io::stderr(), "{}", crate::human::visible(&message));
}
