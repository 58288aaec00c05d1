//! Reading `.env`, the environment and the command line; everything that is wrong is reported at once, by
//! the name of the variable.

mod dotenv;
mod error;
mod findings;
mod max_age;
mod redis;
pub mod variable;

use std::io::Write;
use std::process::ExitCode;

use clap::{ArgMatches, Parser};

pub use bull_queue::RedisUrl;
pub use error::{Errors, Problem};
pub use findings::Findings;
pub use max_age::MaxAgeOptions;
pub use redis::RedisOptions;
pub use variable::collect;

use crate::{exit, human};

/// Reads `.env`, the environment and the command line of `P`.
///
/// # Errors
/// The exit code to end with; wrong usage or every wrong value has been written to stderr.
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    let (_, read) = parse_matches()?;
    checked(read)
}

/// As [`parse`], with the texts of the options; wrong values are not written.
///
/// # Errors
/// The exit code to end with; wrong usage has been written to stderr.
pub fn parse_matches<P: Parser>() -> Result<(ArgMatches, Result<P, Errors>), ExitCode> {
    load_environment()?;
    let (parsed, findings) = collect(|| {
        let matches = P::command().try_get_matches()?;
        let parsed = P::from_arg_matches(&matches)?;
        Ok((matches, parsed))
    });
    let (matches, parsed) = parsed.map_err(|error| usage(&error))?;
    Ok((matches, findings.finish(Some(parsed))))
}

/// Loads `.env`. No secret that stands in a variable is shown from now on.
///
/// # Errors
/// The exit code to end with, the message having been written.
pub fn load_environment() -> Result<(), ExitCode> {
    if let Err(message) = dotenv::load() {
        print_error(&message);
        return Err(ExitCode::from(exit::USAGE));
    }
    for (_, value) in std::env::vars_os() {
        secrets::remember_credentials(&value.to_string_lossy());
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "GOOGLE_SERVICE_ACCOUNT_KEY"]
    {
        secrets::remember(&std::env::var(name).unwrap_or_default());
    }
    Ok(())
}

/// Writes what clap says, the text of `--help` too; answers the exit code to end with.
pub fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE })
}

/// What was read, or the exit code to end with, every wrong value having been written to stderr.
///
/// # Errors
/// [`exit::USAGE`].
pub fn checked<T>(read: Result<T, Errors>) -> Result<T, ExitCode> {
    read.map_err(|errors| {
        print_error(&errors.to_string());
        ExitCode::from(exit::USAGE)
    })
}

/// Writes a message for the person at the terminal to stderr.
pub fn print_error(message: &str) {
    let message = secrets::without(message);
    let _ = writeln!(std::io::stderr(), "{}", human::visible(&message));
}
