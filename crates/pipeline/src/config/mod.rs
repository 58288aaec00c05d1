//! Reading `.env`, the environment and the command line; everything that is wrong is reported at once, by
//! the name of the variable.

mod dotenv;
mod error;
mod max_age;
mod reader;
mod redis;

use std::io::Write;
use std::process::ExitCode;

pub use bull_queue::RedisUrl;
pub use error::{Errors, Problem};
pub use max_age::MaxAgeOptions;
pub use reader::{Reader, or_default};
pub use redis::RedisOptions;

use crate::{exit, human, secrets};

/// Reads `.env`, the environment and the command line of `P`; a usage error ends with exit code 2.
///
/// # Errors
/// The exit code to end with, the message having been written.
pub fn parse<P: clap::Parser>() -> Result<P, ExitCode> {
    if let Err(message) = dotenv::load() {
        print_error(&message);
        return Err(ExitCode::from(exit::USAGE));
    }
    P::try_parse().map_err(|error| {
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE })
    })
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
