//! Schedules: cron expressions in a time zone that is always the same.

use bull_queue::cron::{CronSchedule, ScheduleError};

use pipeline::config::variable::{Variable, hidden, quoting};

/// The time zone of every schedule; it was never configurable, and reports are read in it.
const TIME_ZONE: &str = "Europe/Paris";

/// When a job is added.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// The cron expression as written: it is part of the key in Redis.
    pub cron: String,
    /// Its time zone.
    pub time_zone: &'static str,
    /// The same, parsed.
    pub parsed: CronSchedule,
}

impl ScheduleSettings {
    /// The schedule of a cron expression.
    ///
    /// # Errors
    /// What is wrong with it; the error quotes it.
    pub fn parse(cron: &str) -> Result<Self, ScheduleError> {
        let parsed = CronSchedule::parse(cron)?;
        Ok(Self { cron: cron.to_owned(), time_zone: TIME_ZONE, parsed })
    }
}

/// The parser of a schedule.
pub(crate) fn schedule() -> Variable<ScheduleSettings> {
    hidden(|given| {
        ScheduleSettings::parse(given.text).map_err(|error| {
            // `@daily` is a nickname, and holds no password.
            match given.text.strip_prefix('@') {
                Some(name) if name.chars().all(|one| one.is_ascii_lowercase()) => error.to_string(),
                _ => quoting(given.text, &error),
            }
        })
    })
}
