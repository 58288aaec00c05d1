//! One step in the foreground, without Redis.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use clap::{Parser, Subcommand};
use pg_replicate::{Context, Summary};
use shared_steps::config::{self, Options};
use shared_steps::notification::{RunReport, Status};
use shared_steps::progress_bar::ProgressBar;
use shared_steps::steps::{self, Attempt};
use shared_steps::telemetry::{self, JobLogs, Output};
use shared_steps::{Settings, Step, StepError, exit, signals, summary_table};
use tracing::Instrument;

/// Runs one step of the night in the foreground, without Redis; no other step follows.
///
/// The summary goes to stdout, the log to stderr. Exit codes: 0 done, 1 failed, 2 usage or
/// configuration, 3 a server could not be reached, 4 interrupted.
#[derive(Parser, Debug)]
#[command(name = "run", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    step: Command,

    /// The summary as JSON
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Backup, restore and enrichment
    FullReplication,
    /// Backup and restore, without enrichment
    BackupRestore,
    /// Restore of a dump in pg_dump's custom format
    Restore {
        /// The dump
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// New rows of the incremental tables
    Incremental,
    /// The content API's tables
    LearningContent,
    /// Webhooks
    Notification,
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::FullReplication => "full-replication",
            Self::BackupRestore => "backup-restore",
            Self::Restore { .. } => "restore",
            Self::Incremental => "incremental",
            Self::LearningContent => "learning-content",
            Self::Notification => "notification",
        }
    }
}

impl AsRef<Options> for Cli {
    fn as_ref(&self) -> &Options {
        &self.options
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, settings) = match config::parse_settings::<Cli>() {
        Ok(read) => read,
        Err(code) => return code,
    };
    let _telemetry = telemetry::init(&settings, Output::Stderr, &JobLogs::new());
    match run(&cli.step, &settings).await {
        Ok(summary) => {
            show(&summary, cli.json);
            ExitCode::from(exit::DONE)
        }
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(command: &Command, settings: &Settings) -> Result<Summary, StepError> {
    let bar = ProgressBar::new(std::io::stderr().is_terminal());
    let context = Context { cancel: signals::shutdown_token(), progress: bar.sink() };
    let run_id = format!("{}-run", Utc::now().timestamp_millis());
    let attempt = Attempt::only(run_id.as_str());
    let span = tracing::info_span!("run", run_id, step = command.name());
    let report = async || {
        let now = Utc::now();
        RunReport {
            run_id: run_id.clone(),
            status: Status::Success,
            started_at: now,
            finished_at: now,
            duration_seconds: 0.0,
            steps: Vec::new(),
            error: None,
        }
    };
    let step = |step| steps::run(step, settings, &attempt, report, &context);
    async {
        match command {
            Command::FullReplication => step(Step::FullReplication).await,
            Command::BackupRestore => {
                let result = steps::backup_and_restore(settings, &attempt, &context).await;
                settings.dumps.remove(&attempt.run_id)?;
                result
            }
            Command::Restore { file } => steps::restore_file(settings, file, &context).await,
            Command::Incremental => step(Step::IncrementalReplication).await,
            Command::LearningContent => step(Step::LearningContent).await,
            Command::Notification => step(Step::Notification).await,
        }
    }
    .instrument(span)
    .await
}

fn show(summary: &Summary, json: bool) {
    let text = if json {
        serde_json::to_string_pretty(summary).unwrap_or_default()
    } else {
        summary_table::render(summary)
    };
    let _ = writeln!(std::io::stdout(), "{text}");
}
