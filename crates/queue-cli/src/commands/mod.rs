//! Commands, one file each.

mod add;
mod clean;
mod complete;
mod drain;
mod events;
mod fail;
mod get;
mod list;
mod log;
mod logs;
mod obliterate;
mod pause;
mod promote;
mod repeatables;
mod retry;
mod retry_failed;
mod rm;
mod stats;
mod watch;

use anyhow::anyhow;
use bull_queue::State;

use crate::cli::QueueCommand;
use crate::context::Context;

pub(crate) use events::{line as event_line, listen};

/// Whether `command` continues until the user ends it, which is then not a failure.
pub(crate) fn is_endless(command: &QueueCommand) -> bool {
    matches!(command, QueueCommand::Events | QueueCommand::Watch { .. })
}

/// Executes `command`.
pub(crate) async fn run(command: QueueCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        QueueCommand::Stats(stats) => stats::run(context, &stats).await,
        QueueCommand::Active(which) => list::run(context, State::Active, &which).await,
        QueueCommand::Waiting(which) => list::run(context, State::Waiting, &which).await,
        QueueCommand::Completed(which) => list::run(context, State::Completed, &which).await,
        QueueCommand::Failed(which) => list::run(context, State::Failed, &which).await,
        QueueCommand::Delayed(which) => list::run(context, State::Delayed, &which).await,
        QueueCommand::Get { ids } => get::run(context, &ids).await,
        QueueCommand::Add(job) => add::run(context, &job).await,
        QueueCommand::Rm { ids } => rm::run(context, &ids).await,
        QueueCommand::Retry { ids } => retry::run(context, &ids).await,
        QueueCommand::Promote { ids } => promote::run(context, &ids).await,
        QueueCommand::RetryFailed { number } => retry_failed::run(context, number).await,
        QueueCommand::Fail { id, reason } => fail::run(context, &id, &reason).await,
        QueueCommand::Complete { id, value } => complete::run(context, &id, &value).await,
        QueueCommand::Clean { period, status, limit } => {
            clean::run(context, period, status, limit).await
        }
        QueueCommand::Pause => pause::run(context, true).await,
        QueueCommand::Resume => pause::run(context, false).await,
        QueueCommand::Logs { id, start, end } => logs::run(context, &id, start, end).await,
        QueueCommand::Log { id, text } => log::run(context, &id, &text).await,
        QueueCommand::Events => events::run(context).await,
        QueueCommand::Watch { interval } => watch::run(context, interval).await,
        QueueCommand::Drain { delayed } => drain::run(context, delayed).await,
        QueueCommand::Obliterate { force } => obliterate::run(context, force).await,
        QueueCommand::Repeatables { action } => repeatables::run(context, action).await,
    }
}

/// Executes `command` until Ctrl-C, which ends the command but not the program.
pub(crate) async fn run_until_ctrl_c(
    command: QueueCommand,
    context: &Context,
) -> anyhow::Result<()> {
    let endless = is_endless(&command);
    tokio::select! {
        outcome = run(command, context) => outcome,
        _ = tokio::signal::ctrl_c() => {
            if endless { Ok(()) } else { Err(anyhow!("interrupted; it may have been done")) }
        }
    }
}
