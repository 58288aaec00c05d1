//! Two nights on private servers, start to end, and what else the programs do: `./scripts/demo`.

mod backup_source;
mod compare;
mod interrupt;
mod log_analysis;
mod night;
mod programs;
mod review_data;
mod screen;
mod services;
mod snapshots;
mod staging;
mod story;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::interrupt::Interrupted;
use crate::screen::Screen;

/// Runs two nights on private servers and shows what they did; then fills a staging database from a
/// platform's backup, and a review database from a file.
///
/// Starts PostgreSQL (source and target), Redis, a content API and a webhook receiver on free ports
/// of 127.0.0.1; everything is gone at the end. Exit codes: 0 all went well, 1 something failed,
/// 2 wrong usage, 4 interrupted.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Arguments {
    /// Leave servers and worker running until Ctrl-C, and print their URLs
    #[arg(long)]
    keep: bool,
    /// Users in the source, a multiple of ten; each brings about fifty rows
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
    match story::tell(&mut screen, arguments.users, arguments.keep) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            screen.line("Interrupted: everything is stopped and gone.");
            ExitCode::from(4)
        }
        Err(error) => {
            screen.bad(&format!("The demo failed: {error:#}"));
            screen.line(&format!("The worker's log: {}", story::LOG));
            ExitCode::FAILURE
        }
    }
}
