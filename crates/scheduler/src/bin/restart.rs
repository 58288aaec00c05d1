//! Adds one job to one of the queues: `restart full-replication`.

use std::io::Write;
use std::process::ExitCode;

use bull_queue::Queue;
use clap::{Parser, ValueEnum};
use shared_steps::config::{self, Options};
use shared_steps::{Settings, Step, exit};

/// Adds a job that does one step of the night; the steps after it follow by themselves.
///
/// A running worker takes it up at once. Exit codes: 0 added, 2 usage or configuration, 3 Redis could
/// not be reached.
#[derive(Parser, Debug)]
#[command(name = "restart", version, max_term_width = 100)]
struct Cli {
    /// Where the night is to begin
    #[arg(value_enum, value_name = "STEP")]
    step: Slug,

    #[command(flatten)]
    options: Options,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Slug {
    /// Backup, restore, enrichment
    FullReplication,
    /// New rows of the incremental tables
    IncrementalReplication,
    /// The content API's tables
    LearningContentReplication,
    /// Webhooks
    Notification,
    /// The schema of DATABASE_URL into DB_SCHEMA_EXPORTER_DATABASE_TARGET; no part of the night
    ExportSchema,
    /// A snapshot of SOURCE_DATABASE_URL, if its data has changed; no part of the night
    Snapshot,
    /// Media from MEDIA_SOURCE to MEDIA_TARGET; no part of the night
    MediaSync,
}

impl From<Slug> for Step {
    fn from(slug: Slug) -> Self {
        match slug {
            Slug::FullReplication => Self::FullReplication,
            Slug::IncrementalReplication => Self::IncrementalReplication,
            Slug::LearningContentReplication => Self::LearningContent,
            Slug::Notification => Self::Notification,
            Slug::ExportSchema => Self::SchemaExport,
            Slug::Snapshot => Self::Snapshot,
            Slug::MediaSync => Self::MediaSync,
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
    let step = cli.step.into();
    if let Err(missing) = settings.takes(step) {
        config::complain(&format!(
            "{missing}: no worker would take the job. Set it, or use `run {}`.",
            step.slug()
        ));
        return ExitCode::from(exit::USAGE);
    }
    match restart(step, &settings).await {
        Ok(message) => {
            let _ = writeln!(std::io::stdout(), "{message}");
            ExitCode::from(exit::DONE)
        }
        Err(error) => {
            config::complain(&error.to_string());
            ExitCode::from(if error.is_unreachable() { exit::UNREACHABLE } else { exit::FAILED })
        }
    }
}

async fn restart(step: Step, settings: &Settings) -> Result<String, bull_queue::Error> {
    let connection = bull_queue::connect_to(&settings.redis_url).await?;
    let queue = Queue::new(connection, step.queue());
    let before = queue.counts().await?;
    let id = queue.add(&step.job(settings.retry)).await?;
    let mut message = format!("Added job {id} to {}.", step.queue());
    if before.paused > 0 || queue.is_paused().await? {
        message += " The queue is paused: it runs once somebody resumes it.";
    } else if before.active > 0 || before.waiting > 0 {
        message += &format!(
            " It runs after those before it: {} running, {} waiting.",
            before.active, before.waiting
        );
    }
    Ok(message)
}
