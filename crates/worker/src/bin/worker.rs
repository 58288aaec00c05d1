//! Program `worker`: processes all queues, and runs the schedule.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pipeline::config::print_error;
use pipeline::{Step, exit, human};
use shared_steps::config;
use shared_steps::telemetry::{self, JobLogs, Output};
use shared_steps::{Settings, check, jobs, signals};
use worker::Ended;

/// Processes all queues, and adds the first job of a run when SCHEDULE is due.
///
/// Every option is also an environment variable; see sample.env. Exit codes: 0 stopped while no job was
/// running (or the check passed), 1 a check failed, 2 usage or configuration error, 3 Redis could not be
/// reached, 4 stopped while a job was running.
#[derive(Parser, Debug)]
#[command(name = "worker", version, max_term_width = 100)]
struct Cli {
    /// Only check whether a run can succeed: connect to every server, compare versions, check rights
    #[arg(long)]
    check: bool,

    /// Only check the variables, and whether a worker with them would process jobs of STEP; used by
    /// `restart`
    #[arg(long, value_name = "STEP", value_parser = Step::from_name, conflicts_with = "check")]
    accepts: Option<Step>,

    /// Leave the schedule to another process
    #[arg(long)]
    no_scheduler: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, settings) = match config::parse_settings::<Cli>() {
        Ok(read) => read,
        Err(code) => return code,
    };
    if let Some(step) = cli.accepts {
        return accepts(&settings, step);
    }
    if cli.check {
        return check(&settings).await;
    }
    let job_logs = JobLogs::new();
    let _telemetry = telemetry::init(&settings, Output::Stdout, &job_logs);
    let shutdown = signals::shutdown_token();
    match worker::run(settings, !cli.no_scheduler, job_logs, shutdown).await {
        Ok(Ended::Idle) => ExitCode::from(exit::DONE),
        Ok(Ended::Interrupted) => ExitCode::from(exit::INTERRUPTED),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(if error.is_unreachable() { exit::UNREACHABLE } else { exit::FAILED })
        }
    }
}

fn accepts(settings: &Settings, step: Step) -> ExitCode {
    match jobs::ensure_enabled(step, settings) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(missing) => {
            print_error(&format!(
                "{missing}: no worker would take the job. Set it, or use `run {}`.",
                step.slug
            ));
            ExitCode::from(exit::USAGE)
        }
    }
}

async fn check(settings: &Settings) -> ExitCode {
    let checks = check::run(settings).await;
    let mut stdout = std::io::stdout().lock();
    for check in &checks {
        let (mark, text) = match &check.outcome {
            Ok(text) if check.is_warning => ("warn", text),
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        let _ = writeln!(stdout, "{mark}  {}: {}", check.subject, human::visible(text));
    }
    for warning in &settings.warnings {
        let _ = writeln!(stdout, "note  {warning}");
    }
    let failed = checks.iter().any(|check| check.outcome.is_err());
    ExitCode::from(if failed { exit::FAILED } else { exit::DONE })
}
