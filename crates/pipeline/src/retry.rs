//! Retry policy: how often a job is tried, and how long is waited between.

use clap::Args;

use crate::config::Reader;

/// How often a job is tried, and how long is waited between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts of a job, `MAX_RETRY_COUNT`.
    pub attempts: u32,
    /// The first wait of Bull's exponential backoff, `EXPONENTIAL_RETRY_DELAY`, in milliseconds.
    pub delay_ms: u64,
}

/// The variables.
#[derive(Args, Debug, Clone)]
pub struct RetryOptions {
    /// Maximum number of attempts of a job; a notification is attempted once
    #[arg(
        long,
        env = "MAX_RETRY_COUNT",
        default_value = "10",
        hide_env_values = true,
        value_name = "N",
        help_heading = "Queues"
    )]
    pub max_retry_count: String,

    /// Delay before the second attempt of a job, in milliseconds; then 3, 7, 15 … times as long
    #[arg(
        long,
        env = "EXPONENTIAL_RETRY_DELAY",
        default_value = "1000",
        hide_env_values = true,
        value_name = "MS",
        help_heading = "Queues"
    )]
    pub exponential_retry_delay: String,
}

impl RetryOptions {
    /// What the variables mean; nothing, and the reason in `reader`, if one is wrong.
    pub fn read(&self, reader: &mut Reader) -> Option<RetryPolicy> {
        let attempts = reader.number("MAX_RETRY_COUNT", &self.max_retry_count, 10, 1, 1_000);
        let delay_ms = reader.number(
            "EXPONENTIAL_RETRY_DELAY",
            &self.exponential_retry_delay,
            1000,
            0,
            86_400_000,
        );
        Some(RetryPolicy { attempts: attempts?, delay_ms: delay_ms? })
    }
}
