//! Program `queue-cli`: inspects queues and acts on their jobs from a terminal.

mod act;
mod analyze_logs;
mod cli;
mod commands;
mod confirm;
mod context;
mod failure;
mod find;
mod job_json;
mod jq;
#[cfg(test)]
mod manual;
mod output;
mod period;
mod progress;
mod queue_name;
mod repl;

use std::process::ExitCode;

use clap::CommandFactory;
use pipeline::config::{self, RedisUrl};
use pipeline::exit;

use crate::cli::{Cli, Command, Common, QueueCommand};
use crate::confirm::Confirm;
use crate::context::Context;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match config::parse::<Cli>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let code = match run(cli).await {
        Ok(()) => exit::DONE,
        Err(error) => {
            config::print_error(&failure::text(&error));
            failure::exit_code(&error)
        }
    };
    ExitCode::from(code)
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let command = match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "queue-cli", &mut script);
            Output::new(false).line(String::from_utf8_lossy(&script).trim_end());
            return Ok(());
        }
        Command::AnalyzeLogs(arguments) => {
            return analyze_logs::run(&arguments, Output::new(cli.common.json));
        }
        Command::Repl => {
            return repl::run(cli.redis, cli.common).await;
        }
        Command::Queue(command) => command,
    };
    let url = RedisUrl::try_from(&cli.redis).map_err(failure::usage)?;
    let connection = bull_queue::connect_to(&url).await?;
    queue_command(command, &connection, &cli.common).await
}

async fn queue_command(
    command: QueueCommand,
    connection: &bull_queue::Connection,
    common: &Common,
) -> anyhow::Result<()> {
    let context =
        Context::new(connection, &common.queue, Output::new(common.json), Confirm::new(common.yes));
    if commands::is_endless(&command) {
        commands::run_until_ctrl_c(command, &context).await
    } else {
        commands::run(command, &context).await
    }
}
