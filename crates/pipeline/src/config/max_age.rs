//! `SNAPSHOT_MAX_AGE`.

use std::time::Duration;

use clap::Args;

/// When a snapshot is overdue.
#[derive(Args, Debug, Clone, Default)]
pub struct MaxAgeOptions {
    /// Alert if no snapshot has succeeded for this long, such as `1 hour`; by default no alert
    #[arg(
        long,
        env = "SNAPSHOT_MAX_AGE",
        default_value = "",
        hide_env_values = true,
        value_name = "TIME",
        help_heading = "Snapshots"
    )]
    pub snapshot_max_age: String,
}

impl MaxAgeOptions {
    /// The time it means, if it is set.
    ///
    /// # Errors
    /// What is expected.
    pub fn read(&self) -> Result<Option<Duration>, String> {
        match self.snapshot_max_age.trim() {
            "" => Ok(None),
            text => progress::parse_duration(text)
                .filter(|age| !age.is_zero())
                .map(Some)
                .ok_or_else(|| "must be a time such as `1 hour` or `90 minutes`".into()),
        }
    }
}
