//! Scenario of `./scripts/demo`: two nightly runs on private servers, and what else the programs do.

mod compare;
mod interrupt;
mod log_analysis;
mod media;
mod nightly_run;
mod programs;
mod reader;
mod review_data;
mod scenario;
mod screen;
mod services;
mod snapshots;
mod staging;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::interrupt::Interrupted;
use crate::screen::Screen;

/// Copies a sample database twice on private servers, as in two nightly runs, and shows staging databases,
/// review environments, snapshots and media.
///
/// Starts PostgreSQL (source and target), Redis, a mock content API and a mock webhook receiver on free ports
/// of 127.0.0.1, and removes everything at the end. Exit codes: 0 success, 1 failure, 2 usage error,
/// 4 interrupted.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Arguments {
    /// Leave the servers and the worker running until Ctrl-C, and print commands to explore them
    #[arg(long)]
    keep: bool,
    /// Users in the source database, a multiple of ten; each has about fifty rows
    #[arg(long, default_value_t = 40_000, value_parser = users)]
    users: u32,
}

fn users(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(users) if users >= 2000 && users.is_multiple_of(10) => Ok(users),
        _ => Err("must be a multiple of ten, 2000 or more".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut screen = Screen::new();
    match scenario::run(&mut screen, arguments.users, arguments.keep) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            screen.line("Interrupted: all servers are stopped and removed.");
            ExitCode::from(4)
        }
        Err(error) => {
            screen.bad(&format!("The demo failed: {error:#}"));
            screen.line(&format!("The worker's log: {}", scenario::LOG));
            ExitCode::FAILURE
        }
    }
}
