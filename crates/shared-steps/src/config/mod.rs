//! Configuration: environment variables and command-line options, checked as a whole.
//!
//! [`Options`] is what the user wrote, [`Settings`] what it means. Everything that is wrong is
//! reported at once, by the name of the variable, before anything else happens.

mod after_restore;
mod backup_mode;
mod backup_source;
pub(crate) mod copy;
pub(crate) mod databases;
mod log_level;
mod misspelt;
mod options;
pub(crate) mod protected;
mod queues;
pub(crate) mod schedule;
mod settings;
mod telemetry;
pub(crate) mod web_values;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{Args, Command, FromArgMatches, Parser};
use pipeline::config::{Errors, checked, collect, load_environment, print_error, usage};

pub use copy::{BackupMethod, CopySettings};
pub use options::Options;
pub use schedule::ScheduleSettings;
pub use settings::Settings;

/// Reads `.env`, the environment and the command line: the options of `P`, and the settings that the
/// variables mean.
///
/// # Errors
/// The exit code to end with; every wrong value has been written to stderr.
pub fn parse_settings<P: Parser>() -> Result<(P, Settings), ExitCode> {
    load_environment()?;
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in misspelt::warnings(&command::<P>(), set) {
        print_error(&format!("warning: {warning}"));
    }
    let (cli, settings) = settings_from(std::env::args_os()).map_err(|error| usage(&error))?;
    let settings = checked(settings)?;
    if settings.hides_values {
        pg_replicate::hide_error_values();
    }
    Ok((cli, settings))
}

/// The options of `P` and the settings that `arguments` and the environment mean.
///
/// # Errors
/// Outside, wrong usage; inside, all that is wrong with the variables.
pub fn settings_from<P: Parser>(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<(P, Result<Settings, Errors>), clap::Error> {
    let (parsed, findings) = collect(|| {
        let matches = command::<P>().try_get_matches_from(arguments)?;
        Ok((P::from_arg_matches(&matches)?, Options::from_arg_matches(&matches)?))
    });
    parsed.map(|(cli, options)| (cli, options.settings(findings)))
}

/// The command line of `P`, with every variable.
#[must_use]
pub fn command<P: Parser>() -> Command {
    let command = P::command();
    let about = Resettable::from(command.get_about().cloned());
    let long_about = Resettable::from(command.get_long_about().cloned());
    Options::augment_args(command).about(about).long_about(long_about)
}
