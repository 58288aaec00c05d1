//! Program `scheduler`: runs only the schedule.

use std::process::ExitCode;

use clap::Parser;
use pipeline::exit;
use shared_steps::config;
use shared_steps::signals;
use shared_steps::telemetry::{self, JobLogs, Output};
use shared_steps::{Settings, redis_check};
use tokio_util::sync::CancellationToken;

/// Adds the first job of a run when SCHEDULE is due, and runs no job itself.
///
/// Any number may run, beside workers too: each tick starts one run. Exit codes: 0 stopped,
/// 2 usage or configuration, 3 Redis could not be reached.
#[derive(Parser, Debug)]
#[command(name = "scheduler", version, max_term_width = 100)]
struct Cli {}

#[tokio::main]
async fn main() -> ExitCode {
    let settings = match config::parse_settings() {
        Ok((Cli {}, settings)) => settings,
        Err(code) => return code,
    };
    let _telemetry = telemetry::init(&settings, Output::Stdout, &JobLogs::new());
    match schedule(&settings, signals::shutdown_token()).await {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(if error.is_unreachable() { exit::UNREACHABLE } else { exit::FAILED })
        }
    }
}

async fn schedule(
    settings: &Settings,
    shutdown: CancellationToken,
) -> Result<(), bull_queue::Error> {
    let connection = bull_queue::connect_to(&settings.redis_url).await?;
    redis_check::warn(&connection).await;
    scheduler::run(connection, settings, shutdown).await
}
