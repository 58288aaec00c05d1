//! Retry policy: the number of attempts of a job, and the delays between them.

use clap::Args;

use crate::config::variable::{integer, variable};

/// Number of attempts of a job, and the delays between them.
#[derive(Args, Debug, Clone, Copy, PartialEq, Eq)]
#[command(next_help_heading = "Queues", mut_args(variable))]
pub struct RetryPolicy {
    /// Maximum number of attempts of a job; a notification is attempted once
    #[arg(long, env, default_value = "10", value_name = "N", value_parser = integer(1..=1_000_u32))]
    pub max_retry_count: u32,

    /// Delay before the second attempt of a job, in milliseconds; then 3, 7, 15 … times as long
    #[arg(long, env, default_value = "1000", value_name = "MS", value_parser = integer(0..=86_400_000_u64))]
    pub exponential_retry_delay: u64,
}
