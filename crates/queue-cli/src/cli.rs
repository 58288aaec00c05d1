//! The command line: every command and option, in one place.
//!
//! Names and meanings are those of bull-repl 0.27, so that operators need not learn them again.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use pipeline::Step;
use pipeline::config::{MaxAgeOptions, RedisOptions};

use bull_queue::State;

use crate::analyze_logs::AnalyzeLogs;
use crate::period::{self, Period};
use crate::queue_name::QueueName;

/// Looks at the queues of the replication, and acts on their jobs.
///
/// Results go to stdout, diagnostics to stderr. Exit codes: 0 done, 1 not done (no such job, "no" as
/// the answer), 2 usage, or a question that nobody could answer, 3 Redis could not be reached.
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

/// What every command takes, also inside `repl`.
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

    /// Ask nothing: the answer is yes
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    #[command(flatten)]
    Queue(QueueCommand),
    /// What took how long in the runs of a day, from a log; Redis is not asked
    #[command(after_help = "Which logs are understood, and what is reported: docs/log-analysis.md")]
    AnalyzeLogs(AnalyzeLogs),
    /// A session: all these commands and `connect`, `events-on`, `events-off`, with history and completion
    Repl,
    /// Prints what makes a shell complete the commands of this program
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What `stats` is told.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) max_age: MaxAgeOptions,
}

/// What can be done to queues and jobs, from the shell and inside `repl`.
#[derive(Subcommand, Debug)]
pub(crate) enum QueueCommand {
    /// How many jobs wait, run, have ended; whether snapshots are overdue
    Stats(Stats),
    /// The jobs that run
    Active(List),
    /// The jobs in line, the next to run first
    Waiting(List),
    /// The jobs that completed, newest first
    Completed(List),
    /// The jobs that failed, newest first
    Failed(List),
    /// The jobs that wait for their time, the next one first
    Delayed(List),
    /// Everything known of jobs, with the whole error
    Get {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Adds a job
    Add(Add),
    /// Removes jobs and their logs
    Rm {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Runs failed jobs once more
    Retry {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Puts delayed jobs in line at once
    Promote {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Runs the newest failed jobs once more
    RetryFailed {
        /// How many of each queue at most
        #[arg(long, short = 'n', default_value_t = 100, value_name = "N")]
        number: usize,
    },
    /// Ends the running try of a job as failed; with tries left, it is tried again
    Fail {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Why
        #[arg(value_name = "REASON")]
        reason: String,
    },
    /// Ends a running job as completed; no job follows it
    Complete {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// What it answers, JSON
        #[arg(value_name = "JSON")]
        value: String,
    },
    /// Removes jobs that ended, or were added, longer ago than a period
    Clean {
        /// The period, as "2h", "7 days" or milliseconds
        #[arg(value_parser = period::parse, value_name = "PERIOD")]
        period: Period,
        /// Which jobs: completed, wait, active, delayed, failed
        #[arg(long, short, default_value = "completed", value_name = "STATUS")]
        status: State,
        /// How many of each queue at most [default: all]
        #[arg(long, short, value_name = "N")]
        limit: Option<usize>,
    },
    /// Lets no worker take a job from now on; running ones go on
    Pause,
    /// Lets workers take jobs again
    Resume,
    /// What a job logged
    Logs {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// The first line, 0 being the oldest; negative numbers count from the newest
        #[arg(long, short, default_value_t = 0, allow_negative_numbers = true, value_name = "N")]
        start: isize,
        /// The last line
        #[arg(long, short, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
        end: isize,
    },
    /// Appends a line to a job's log
    Log {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// The line
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Shows what happens, as it happens, until Ctrl-C
    Events,
    /// Shows counts and the progress of running jobs, as they change, until Ctrl-C
    Watch {
        /// Time between two looks
        #[arg(long, short, default_value = "1s", value_parser = period::parse, value_name = "PERIOD")]
        interval: Period,
    },
    /// Removes every job in line
    Drain {
        /// The delayed ones too
        #[arg(long)]
        delayed: bool,
    },
    /// Removes a queue with all that it has
    Obliterate {
        /// Even while jobs run
        #[arg(long, short)]
        force: bool,
    },
    /// The repeatable jobs; with `rm`, removes some
    Repeatables {
        #[command(subcommand)]
        action: Option<RepeatablesAction>,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum RepeatablesAction {
    /// Removes repeatable jobs and their next occurrences
    Rm {
        /// Their keys, as `repeatables` shows them
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
}

/// Which jobs of a state.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// A jq filter over {"root": [jobs]}, as '[.root[] | select(.attemptsMade > 1)]'
    #[arg(long, short, value_name = "JQ")]
    pub(crate) query: Option<String>,
    /// Only jobs added since then, as "2h" or "7 days"
    #[arg(long, short, alias = "timeAgo", value_parser = period::parse, value_name = "PERIOD")]
    pub(crate) time_ago: Option<Period>,
    /// The first one, counted from 0
    #[arg(long, short, default_value_t = 0, value_name = "N")]
    pub(crate) start: u32,
    /// The last one
    #[arg(long, short, default_value_t = 100, value_name = "N")]
    pub(crate) end: u32,
}

/// A job to be added.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Its data, JSON
    #[arg(value_name = "JSON")]
    pub(crate) data: String,
    /// Its name
    #[arg(long, short, default_value = bull_queue::DEFAULT_JOB_NAME, value_name = "NAME")]
    pub(crate) name: String,
    /// An id of your choice; a second job with it is not added
    #[arg(long, alias = "jobId", value_name = "ID")]
    pub(crate) job_id: Option<String>,
    /// 0 for none; otherwise the lowest number runs first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) priority: u64,
    /// How long it waits first, as "10 min" or milliseconds
    #[arg(long, value_parser = period::parse, value_name = "PERIOD")]
    pub(crate) delay: Option<Period>,
    /// How often it is tried
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) attempts: u32,
    /// Repeats it: five-field cron, a period as "1 hour", or Bull's JSON ({"cron": …, "tz": …})
    #[arg(long, value_name = "WHEN")]
    pub(crate) repeat: Option<String>,
    /// Runs it before those that wait
    #[arg(long)]
    pub(crate) lifo: bool,
}
