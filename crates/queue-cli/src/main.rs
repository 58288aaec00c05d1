//! What operators do to the queues, from a terminal.

mod commands;
mod find;
mod output;

use std::process::ExitCode;

use bull_queue::Queue;
use clap::{Parser, Subcommand};
use shared_steps::config::{self, RedisOptions, RedisUrl};
use shared_steps::{Step, exit};

use crate::output::Output;

/// Looks at the queues of the replication, and acts on their jobs.
///
/// Results go to stdout, diagnostics to stderr. Exit codes: 0 done, 1 not done (no such job, nothing
/// to retry), 2 usage, 3 Redis could not be reached.
#[derive(Parser, Debug)]
#[command(name = "queue-cli", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    redis: RedisOptions,

    /// Only this queue: its name, with or without " queue", or its step (full-replication, …); may be repeated
    #[arg(long, short, global = true, value_parser = Step::from_name, value_name = "QUEUE")]
    queue: Vec<Step>,

    /// JSON instead of tables
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// How many jobs wait, run, have ended
    Stats,
    /// The jobs that failed, newest first
    Failed {
        /// How many of each queue at most
        #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Runs failed jobs once more
    Retry {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Runs every failed job once more, newest first
    RetryFailed {
        /// How many of each queue at most
        #[arg(long, short = 'n', default_value_t = 100, value_name = "N")]
        number: usize,
    },
    /// Everything known of a job, with the whole error
    Get {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// What a job logged
    Logs {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match config::parse::<Cli>() {
        Ok(cli) => run(cli).await,
        Err(code) => code,
    }
}

async fn run(cli: Cli) -> ExitCode {
    let redis_url = match RedisUrl::try_from(&cli.redis) {
        Ok(url) => url,
        Err(errors) => {
            config::complain(&errors.to_string());
            return ExitCode::from(exit::USAGE);
        }
    };
    let connection = match bull_queue::connect(redis_url.secret()).await {
        Ok(connection) => connection,
        Err(error) => {
            config::complain(&error.to_string());
            return ExitCode::from(exit::UNREACHABLE);
        }
    };
    let steps = if cli.queue.is_empty() { Step::all().collect() } else { cli.queue };
    let queues: Vec<_> =
        steps.into_iter().map(|step| Queue::new(connection.clone(), step.queue())).collect();
    let output = Output::new(cli.json);
    let result = match cli.command {
        Command::Stats => commands::stats::run(&queues, output).await,
        Command::Failed { limit } => commands::failed::run(&queues, limit, output).await,
        Command::Retry { ids } => commands::retry::run(&queues, &ids, output).await,
        Command::RetryFailed { number } => commands::retry::all(&queues, number, output).await,
        Command::Get { id } => commands::get::run(&queues, &id, output).await,
        Command::Logs { id } => commands::logs::run(&queues, &id, output).await,
    };
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            config::complain(&format!("{error:#}"));
            let unreachable = error
                .downcast_ref::<bull_queue::Error>()
                .is_some_and(bull_queue::Error::is_unreachable);
            ExitCode::from(if unreachable { exit::UNREACHABLE } else { exit::FAILED })
        }
    }
}
