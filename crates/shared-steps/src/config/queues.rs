//! Queues: when a run starts, how often its jobs are tried.

use bull_queue::InterruptedPolicy;
use clap::Args;
use pipeline::RetryPolicy;
use pipeline::config::RedisOptions;
use pipeline::config::variable::{integer, one_of};

use super::schedule::{ScheduleSettings, schedule};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Queues")]
pub(super) struct QueueOptions {
    #[command(flatten)]
    pub(super) redis: RedisOptions,

    /// When a run starts: five-field cron, time zone Europe/Paris
    ///
    /// The fields are minute, hour, day of month, month and day of week (7 and 0 are Sunday). A time that
    /// is skipped in spring runs at 03:00, and one that occurs twice in autumn runs once; a schedule for
    /// every hour runs every hour.
    #[arg(long, env, default_value = "10 5 * * *", value_name = "CRON", value_parser = schedule())]
    pub(super) schedule: ScheduleSettings,

    #[command(flatten)]
    pub(super) retry: RetryPolicy,

    /// Warn when the attempts of one job together last longer, in minutes; a dump kept for the next
    /// attempt is used no longer than this
    #[arg(long, env, default_value = "180", value_name = "MINUTES", value_parser = integer(1..=100_000_u64))]
    pub(super) retries_timeout_minutes: u64,

    /// What to do with a job interrupted by a shutdown or crash: `fail` leaves it in the failed list,
    /// `retry` runs it again as Bull does
    ///
    /// With `fail` an operator decides: a replication in working hours slows the source down.
    #[arg(long, env, default_value = "fail", value_parser = one_of([
        ("fail", InterruptedPolicy::Fail),
        ("retry", InterruptedPolicy::Retry),
    ]))]
    pub(super) interrupted_jobs: InterruptedPolicy,
}
