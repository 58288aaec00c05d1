//! Program `restart`: adds a job to a queue, such as `restart full-replication`.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use bull_queue::{Queue, RedisUrl};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, CommandFactory, Parser};
use pipeline::config::{self, RedisOptions, print_error};
use pipeline::{RetryPolicy, Step, exit};

/// Adds a job for one step of a run; the steps after it follow automatically.
///
/// A running worker processes it at once. The program `worker` in the same directory is asked first whether
/// the configuration is valid. Exit codes: 0 added, 2 usage or configuration error, 3 Redis could not be
/// reached.
#[derive(Parser, Debug)]
#[command(name = "restart", version, max_term_width = 100)]
struct Cli {
    /// The step to start with
    #[arg(value_parser = step(), value_name = "STEP")]
    step: Step,

    #[command(flatten)]
    redis: RedisOptions,

    #[command(flatten)]
    retry: RetryPolicy,
}

fn step() -> impl TypedValueParser<Value = Step> {
    let slugs = Step::all().map(|step| PossibleValue::new(step.slug).help(step.description));
    PossibleValuesParser::new(slugs).try_map(|slug| Step::from_name(&slug))
}

#[tokio::main]
async fn main() -> ExitCode {
    let (matches, cli) = match config::parse_matches::<Cli>() {
        Ok(read) => read,
        Err(code) => return code,
    };
    if let Some(code) = refused_by_worker(&matches) {
        return code;
    }
    let read = cli.and_then(|cli| Ok((RedisUrl::try_from(&cli.redis)?, cli)));
    let (redis, cli) = match config::checked(read) {
        Ok(read) => read,
        Err(code) => return code,
    };
    match restart(cli.step, &redis, cli.retry).await {
        Ok(message) => {
            let _ = writeln!(std::io::stdout(), "{message}");
            ExitCode::from(exit::DONE)
        }
        Err(error) => {
            print_error(&error.to_string());
            ExitCode::from(if error.is_unreachable() { exit::UNREACHABLE } else { exit::FAILED })
        }
    }
}

/// The exit code of a worker that would not start, or not process the job, with this configuration; it has
/// printed the reason. Only the worker, which links every engine, knows the other variables.
fn refused_by_worker(matches: &ArgMatches) -> Option<ExitCode> {
    let command = Cli::command();
    let variables = command.get_arguments().filter_map(|argument| {
        Some((argument.get_env()?, matches.get_raw(argument.get_id().as_str())?.next()?))
    });
    let slug = matches.get_one::<Step>("step").map(|step| step.slug)?;
    let worker = std::env::current_exe().map(|program| program.with_file_name("worker"));
    let asked = worker.and_then(|worker| {
        Command::new(worker).args(["--accepts", slug]).envs(variables).stdin(Stdio::null()).status()
    });
    match asked {
        Ok(status) if status.success() => None,
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Some(ExitCode::from(code.unwrap_or(exit::FAILED)))
        }
        Err(error) => {
            print_error(&format!(
                "warning: the configuration was not checked: the program worker beside restart could not \
                 be started: {error}"
            ));
            None
        }
    }
}

async fn restart(
    step: Step,
    redis: &RedisUrl,
    retry: RetryPolicy,
) -> Result<String, bull_queue::Error> {
    let connection = bull_queue::connect_to(redis).await?;
    let queue = Queue::new(connection, step.queue);
    let before = queue.counts().await?;
    let id = queue.add(&step.job(retry)).await?;
    let mut message = format!("Added job {id} to {}.", step.queue);
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
