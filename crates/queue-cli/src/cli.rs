//! Command line: every command and option.
//!
//! Names and meanings are those of bull-repl 0.27, which operators know.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use pipeline::Step;
use pipeline::config::{MaxAgeOptions, RedisOptions};

use bull_queue::State;

use crate::analyze_logs::AnalyzeLogs;
use crate::period::{self, Period};
use crate::queue_name::QueueName;

/// Inspects the queues of the replication, and acts on their jobs.
///
/// Results go to stdout, diagnostics to stderr. Exit codes: 0 done, 1 not done (no such job, confirmation
/// declined), 2 usage error, or a confirmation that was not possible, 3 Redis could not be reached.
#[derive(Parser, Debug)]
#[command(name = "queue-cli", version, max_term_width = 100)]
#[command(mut_arg("redis_url", |argument| argument.global(true)))]
#[command(mut_arg("redis_tls_ca_file", |argument| argument.global(true)))]
#[command(mut_arg("redis_tls_insecure", |argument| argument.global(true)))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,

    #[command(flatten)]
    pub(crate) redis: RedisOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command, also inside `repl`.
#[derive(Args, Debug, Clone, Default)]
// After the options of each command.
#[command(next_display_order = 100)]
pub(crate) struct Common {
    /// Only this queue: its name, with or without " queue", or its step; may be repeated
    #[arg(long, short = 'Q', global = true, value_parser = QueueName, value_name = "QUEUE")]
    pub(crate) queue: Vec<Step>,

    /// JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Skip all confirmations
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    #[command(flatten)]
    Queue(QueueCommand),
    /// Durations of phases and objects in the runs of a day, from a log; does not use Redis
    #[command(after_help = "Which logs are understood, and what is reported: docs/log-analysis.md")]
    AnalyzeLogs(AnalyzeLogs),
    /// An interactive session: all these commands and `connect`, `events-on`, `events-off`, with history
    /// and completion
    Repl,
    /// Print a shell completion script for this program
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Options of `stats`.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) max_age: MaxAgeOptions,
}

/// Commands for queues and jobs, both on the command line and inside `repl`.
#[derive(Subcommand, Debug)]
pub(crate) enum QueueCommand {
    /// Show the number of jobs in each state, and whether snapshots are overdue
    Stats(Stats),
    /// List active jobs
    Active(List),
    /// List waiting jobs, the next to run first
    Waiting(List),
    /// List completed jobs, newest first
    Completed(List),
    /// List failed jobs, newest first
    Failed(List),
    /// List delayed jobs, the next to run first
    Delayed(List),
    /// Show all details of jobs, with the complete error
    Get {
        /// Job ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Add a job
    Add(Add),
    /// Remove jobs and their logs
    Rm {
        /// Job ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Run failed jobs again
    Retry {
        /// Job ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Move delayed jobs to the waiting list at once
    Promote {
        /// Job ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Run the newest failed jobs again
    RetryFailed {
        /// Maximum number per queue
        #[arg(long, short = 'n', default_value_t = 100, value_name = "N")]
        number: usize,
    },
    /// End the current attempt of a job as failed; if attempts are left, it is retried
    Fail {
        /// Job id
        #[arg(value_name = "ID")]
        id: String,
        /// The reason
        #[arg(value_name = "REASON")]
        reason: String,
    },
    /// End a running job as completed; no job follows it
    Complete {
        /// Job id
        #[arg(value_name = "ID")]
        id: String,
        /// Its return value, as JSON
        #[arg(value_name = "JSON")]
        value: String,
    },
    /// Remove jobs that ended, or were added, longer ago than a period
    Clean {
        /// The period, such as "2h", "7 days" or milliseconds
        #[arg(value_parser = period::parse, value_name = "PERIOD")]
        period: Period,
        /// State of the jobs: completed, wait, active, delayed, failed
        #[arg(long, short, default_value = "completed", value_name = "STATUS")]
        status: State,
        /// Maximum number per queue [default: all]
        #[arg(long, short, value_name = "N")]
        limit: Option<usize>,
    },
    /// Stop workers from taking new jobs; running jobs finish
    Pause,
    /// Let workers take jobs again
    Resume,
    /// Show a job's log
    Logs {
        /// Job id
        #[arg(value_name = "ID")]
        id: String,
        /// The first line, 0 being the oldest; negative numbers count from the newest
        #[arg(long, short, default_value_t = 0, allow_negative_numbers = true, value_name = "N")]
        start: isize,
        /// The last line
        #[arg(long, short, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
        end: isize,
    },
    /// Append a line to a job's log
    Log {
        /// Job id
        #[arg(value_name = "ID")]
        id: String,
        /// The line
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Show events as they happen, until Ctrl-C
    Events,
    /// Show counts and the progress of running jobs, until Ctrl-C
    Watch {
        /// Refresh interval
        #[arg(long, short, default_value = "1s", value_parser = period::parse, value_name = "PERIOD")]
        interval: Period,
    },
    /// Remove every waiting job
    Drain {
        /// Delayed jobs too
        #[arg(long)]
        delayed: bool,
    },
    /// Remove a queue with everything in it
    Obliterate {
        /// Even while jobs are running
        #[arg(long, short)]
        force: bool,
    },
    /// List repeatable jobs; `rm` removes some
    Repeatables {
        #[command(subcommand)]
        action: Option<RepeatablesAction>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum RepeatablesAction {
    /// Remove repeatable jobs and their next occurrences
    Rm {
        /// Their keys, as shown by `repeatables`
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
}

/// Selection of jobs in a state.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// A jq filter over {"root": [jobs]}, such as '[.root[] | select(.attemptsMade > 1)]'
    #[arg(long, short, value_name = "JQ")]
    pub(crate) query: Option<String>,
    /// Only jobs added within this period, such as "2h" or "7 days"
    #[arg(long, short, alias = "timeAgo", value_parser = period::parse, value_name = "PERIOD")]
    pub(crate) time_ago: Option<Period>,
    /// Position of the first job, from 0
    #[arg(long, short, default_value_t = 0, value_name = "N")]
    pub(crate) start: u32,
    /// Position of the last job
    #[arg(long, short, default_value_t = 100, value_name = "N")]
    pub(crate) end: u32,
}

/// A job to add.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Its data, as JSON
    #[arg(value_name = "JSON")]
    pub(crate) data: String,
    /// Its name
    #[arg(long, short, default_value = bull_queue::DEFAULT_JOB_NAME, value_name = "NAME")]
    pub(crate) name: String,
    /// An id of your choice; a second job with the same id is not added
    #[arg(long, alias = "jobId", value_name = "ID")]
    pub(crate) job_id: Option<String>,
    /// 0 for none; otherwise lower numbers run first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) priority: u64,
    /// Delay before its first attempt, such as "10 min" or milliseconds
    #[arg(long, value_parser = period::parse, value_name = "PERIOD")]
    pub(crate) delay: Option<Period>,
    /// Number of attempts
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) attempts: u32,
    /// Repeat it: a five-field cron expression, a period such as "1 hour", or Bull's JSON ({"cron": …,
    /// "tz": …})
    #[arg(long, value_name = "WHEN")]
    pub(crate) repeat: Option<String>,
    /// Run it before the waiting jobs
    #[arg(long)]
    pub(crate) lifo: bool,
}
