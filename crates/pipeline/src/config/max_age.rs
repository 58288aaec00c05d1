//! `SNAPSHOT_MAX_AGE`.

use std::time::Duration;

use clap::Args;

use super::variable::{Optional, duration, variable};

/// When a snapshot is overdue.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Snapshots", mut_args(variable))]
pub struct MaxAgeOptions {
    /// Alert if no snapshot has succeeded for this long, such as `1 hour`; by default no alert
    ///
    /// The alert is an error in the log and a failure notification. A run that found no changes has
    /// succeeded.
    ///
    /// Example: 1 hour
    #[arg(long, env, value_name = "TIME", value_parser = duration().optional())]
    pub snapshot_max_age: Optional<Duration>,
}
