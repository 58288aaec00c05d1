//! Program `run`: runs one step in the foreground, without Redis.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use clap::{Parser, Subcommand};
use console::Term;
use pg_replicate::Verify;
use pg_replicate::drift::DriftReport;
use pg_replicate::verify::VerifyReport;
use pipeline::{exit, human};
use progress::{Context, Summary};
use shared_steps::config;
use shared_steps::jobs::notification::{RunReport, Status};
use shared_steps::jobs::{
    Attempt, FullReplicationJob, IncrementalReplicationJob, Job, LearningContentJob,
    NotificationJob, SchemaExportJob, full_replication, media_sync, snapshot,
};
use shared_steps::progress_bar::ProgressBar;
use shared_steps::telemetry::{self, JobLogs, Output};
use shared_steps::{
    Settings, StepError, drift, restore, review_data, signals, summary_table, verification,
};
use snapshots::{Entry, Selector, Taken};
use tracing::Instrument;
use worker::data_commands::{ExportDataArgs, LoadDataArgs};
use worker::media_command::MediaSyncArgs;
use worker::snapshot_commands::{self, RestoreArgs};

/// Runs one step in the foreground, without Redis; no other step follows.
///
/// The summary goes to stdout, the log to stderr. Exit codes: 0 done, 1 failed, 2 usage or
/// configuration, 3 a server could not be reached, 4 interrupted.
#[derive(Parser, Debug)]
#[command(name = "run", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    step: Command,

    /// Print the summary as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Backup, restore and enrichment
    FullReplication,
    /// Backup and restore, without enrichment
    BackupRestore,
    /// Download the newest backup of BACKUP_SOURCE to a file
    FetchBackup {
        /// Path of the dump
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Restore a dump or a snapshot into DATABASE_URL
    Restore(RestoreArgs),
    /// Take a snapshot of SOURCE_DATABASE_URL into SNAPSHOT_STORE if the data has changed
    #[command(after_help = "How snapshots are compared, kept and restored: docs/snapshots.md")]
    Snapshot {
        /// Even if nothing has changed
        #[arg(long)]
        force: bool,
    },
    /// List the snapshots in SNAPSHOT_STORE, newest first
    Snapshots,
    /// New rows of the incremental tables
    Incremental,
    /// The content API's tables
    LearningContent,
    /// Webhooks
    Notification,
    /// Compare the target with the source's current state; exit code 1 if they differ
    #[command(after_help = "What is compared, and what it costs: docs/verification.md")]
    Verify {
        /// Compare the content of each table (the default)
        #[arg(long, conflicts_with = "counts")]
        checksums: bool,
        /// Compare only the number of rows of each table
        #[arg(long)]
        counts: bool,
    },
    /// Compare the tables of the source with those that were copied; exit code 1 if a view of another role or a
    /// rule of BACKUP_MODE breaks
    #[command(after_help = "What is compared, and what breaks: docs/drift.md")]
    Drift,
    /// Load data of databases, dumps or SQL files into the existing tables of DATABASE_URL, in one
    /// transaction
    LoadData(LoadDataArgs),
    /// Export the data of a database to a file for load-data and psql
    ExportData(Box<ExportDataArgs>),
    /// Export the schema of DATABASE_URL to DB_SCHEMA_EXPORTER_DATABASE_TARGET
    ExportSchema,
    /// Copy new and changed objects of MEDIA_SOURCE to MEDIA_TARGET (docs/staging.md)
    MediaSync(MediaSyncArgs),
}

impl Command {
    /// Whether it writes into `DATABASE_URL` or `TARGET_DATABASE_URL`, or compares with it.
    fn needs_target(&self) -> bool {
        match self {
            Self::FullReplication
            | Self::BackupRestore
            | Self::Restore(_)
            | Self::Incremental
            | Self::LearningContent
            | Self::Verify { .. }
            | Self::Drift
            | Self::LoadData(_) => true,
            Self::FetchBackup { .. }
            | Self::Snapshot { .. }
            | Self::Snapshots
            | Self::Notification
            | Self::ExportData(_)
            | Self::ExportSchema
            | Self::MediaSync(_) => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::FullReplication => "full-replication",
            Self::BackupRestore => "backup-restore",
            Self::FetchBackup { .. } => "fetch-backup",
            Self::Restore(_) => "restore",
            Self::Snapshot { .. } => "snapshot",
            Self::Snapshots => "snapshots",
            Self::Incremental => "incremental",
            Self::LearningContent => "learning-content",
            Self::Notification => "notification",
            Self::Verify { .. } => "verify",
            Self::Drift => "drift",
            Self::LoadData(_) => "load-data",
            Self::ExportData(_) => "export-data",
            Self::ExportSchema => "export-schema",
            Self::MediaSync(_) => "media-sync",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, settings) = match config::parse_settings::<Cli>() {
        Ok(read) => read,
        Err(code) => return code,
    };
    if let Some(reason) = settings.without_target.as_ref().filter(|_| cli.step.needs_target()) {
        pipeline::config::print_error(&format!(
            "DATABASE_URL: {reason}: name the database that is to be written"
        ));
        return ExitCode::from(exit::USAGE);
    }
    let bar = ProgressBar::new(std::io::stderr().is_terminal());
    let _telemetry = telemetry::init(&settings, Output::Above(&bar), &JobLogs::new());
    let result = run(&cli, &settings, &bar).await;
    bar.clear();
    match result {
        Ok(outcome) => outcome.show(cli.json),
        Err(error) => ExitCode::from(error.exit_code()),
    }
}

async fn run(cli: &Cli, settings: &Settings, bar: &ProgressBar) -> Result<Outcome, StepError> {
    let command = &cli.step;
    let context = Context::new(signals::shutdown_token(), bar.sink());
    let run_id = format!("{}-run", Utc::now().timestamp_millis());
    let attempt = Attempt::only(run_id.as_str());
    let span = tracing::info_span!("run", run_id, step = command.name());
    let now = Utc::now();
    let report = RunReport {
        run_id: run_id.clone(),
        status: Status::Success,
        started_at: now,
        finished_at: now,
        duration_seconds: 0.0,
        steps: Vec::new(),
        error: None,
    };
    let job = async |job: &dyn Job| {
        let report = Box::pin(std::future::ready(report));
        job.run(settings, &attempt, report, &context).await.map(Outcome::Step)
    };
    let work = async {
        match command {
            Command::FullReplication => job(&FullReplicationJob).await,
            Command::BackupRestore => {
                let result =
                    full_replication::backup_and_restore(settings, &attempt, &context).await;
                settings.dumps.remove(&attempt.run_id);
                result.map(Outcome::Step)
            }
            Command::Restore(RestoreArgs { file: Some(file), .. }) => {
                restore::restore_file(settings, file, &context).await.map(Outcome::Step)
            }
            Command::Restore(RestoreArgs { from, .. }) => {
                // Without a file there is a name: clap has seen to it.
                let which = from.clone().unwrap_or(Selector::Latest);
                snapshot::restore_snapshot(settings, which, &context).await.map(Outcome::Step)
            }
            Command::Snapshot { force } => {
                snapshot::take_snapshot(settings, *force, &context).await.map(Outcome::Taken)
            }
            Command::Snapshots => snapshot::list_snapshots(settings).await.map(Outcome::Snapshots),
            Command::FetchBackup { to } => {
                full_replication::fetch_backup(settings, to, &context).await.map(Outcome::Step)
            }
            Command::Incremental => job(&IncrementalReplicationJob).await,
            Command::LearningContent => job(&LearningContentJob).await,
            Command::Notification => job(&NotificationJob).await,
            Command::Verify { counts, .. } => {
                let verify = if *counts { Verify::Counts } else { Verify::Checksums };
                verification::compare(settings, verify, &context).await.map(Outcome::Comparison)
            }
            Command::Drift => drift::compare(settings, &context).await.map(Outcome::Drift),
            Command::LoadData(arguments) => {
                review_data::load_data(settings, arguments.into(), &context)
                    .await
                    .map(Outcome::Step)
            }
            Command::ExportData(arguments) => {
                review_data::export_data(settings, arguments.as_ref().into(), &context)
                    .await
                    .map(Outcome::Step)
            }
            Command::ExportSchema => job(&SchemaExportJob).await,
            Command::MediaSync(arguments) => {
                let show = arguments.action_printer(cli.json);
                let request = arguments.into();
                media_sync::sync_media(settings, request, &context, show).await.map(Outcome::Step)
            }
        }
    };
    // Here, so that the line names the run.
    let logged = async {
        work.await.inspect_err(|error| {
            bar.clear();
            tracing::error!("{error}");
        })
    };
    logged.instrument(span).await
}

/// What is shown at the end.
enum Outcome {
    Step(Summary),
    Comparison(VerifyReport),
    Drift(DriftReport),
    Taken(Taken),
    Snapshots(Vec<Entry>),
}

impl Outcome {
    /// Writes it to stdout; returns the exit code.
    fn show(&self, json: bool) -> ExitCode {
        let (text, code) = match self {
            Self::Step(summary) if json => {
                (serde_json::to_string_pretty(summary).unwrap_or_default(), exit::DONE)
            }
            Self::Step(summary) => (summary_table::render(summary, width()), exit::DONE),
            Self::Comparison(report) => {
                let code = if report.is_equal() { exit::DONE } else { exit::FAILED };
                let json = json.then(|| serde_json::to_string_pretty(report).unwrap_or_default());
                (json.unwrap_or_else(|| verification::table::render(report)), code)
            }
            Self::Drift(report) => {
                let code = if report.breaks() { exit::FAILED } else { exit::DONE };
                let json = json.then(|| serde_json::to_string_pretty(report).unwrap_or_default());
                (json.unwrap_or_else(|| drift::table::render(report)), code)
            }
            Self::Taken(taken) => (snapshot_commands::taken(taken, json), exit::DONE),
            Self::Snapshots(entries) => (snapshot_commands::listed(entries, json), exit::DONE),
        };
        let _ = writeln!(std::io::stdout(), "{}", human::visible(&text));
        ExitCode::from(code)
    }
}

/// The width of the terminal on stdout, unless that reports 0.
fn width() -> Option<u16> {
    let (_, columns) = Term::stdout().size_checked()?;
    (columns > 0).then_some(columns)
}
