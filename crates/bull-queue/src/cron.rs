//! Cron schedules: five fields, in a time zone.
//!
//! If both day of month and day of week are given, either matches; 0 and 7 are Sunday.
//!
//! When clocks change, a job runs when the local clock reaches its time for the first time. A skipped time
//! runs at the first minute after the gap (02:30 becomes 03:00 in spring), together with a time that falls
//! on that minute; a time that occurs twice runs only the first time. A schedule of every hour (`*` as
//! hour) follows the clock instead: it runs whenever the clock shows one of its times, also in an hour that
//! is repeated, and has no runs in an hour that is skipped.

mod clock_changes;
mod fields;

use std::fmt;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The time zone of the nightly schedule.
pub const PARIS: Tz = chrono_tz::Europe::Paris;

/// An invalid schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The expression is not a valid cron expression of five fields.
    #[error(
        "invalid cron expression {expression:?}: {reason}; expected five fields, minute hour \
         day-of-month month day-of-week, such as `10 5 * * *`"
    )]
    Expression {
        /// What was found.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The time zone is unknown.
    #[error("unknown time zone {zone:?}: expected a name of the tz database, such as Europe/Paris")]
    Zone {
        /// What was found.
        zone: String,
    },
    /// The schedule never fires (again), such as 30 February.
    #[error("the schedule {expression:?} never fires again")]
    Never {
        /// The expression.
        expression: String,
    },
    /// A repeatable job needs `cron` or `every`, and not both.
    #[error("a repeatable job needs either a cron expression or an interval (every), not {found}")]
    CronOrEvery {
        /// `both` or `neither`.
        found: &'static str,
    },
}

/// A cron expression in a time zone.
#[derive(Clone)]
pub struct CronSchedule {
    cron: Cron,
    is_hourly: bool,
    expression: String,
    zone: Tz,
}

impl CronSchedule {
    /// Parses five fields, in the time zone Europe/Paris.
    ///
    /// # Errors
    /// [`ScheduleError::Expression`], [`ScheduleError::Never`].
    pub fn parse(expression: &str) -> Result<Self, ScheduleError> {
        Self::parse_in(expression, PARIS)
    }

    /// Parses five fields, in `zone`.
    ///
    /// # Errors
    /// [`ScheduleError::Expression`], [`ScheduleError::Never`].
    pub fn parse_in(expression: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let expression = expression.trim();
        let wrong = |reason: String| ScheduleError::Expression {
            expression: expression.to_owned(),
            reason,
        };
        fields::check(expression).map_err(wrong)?;
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build()
            .parse(expression)
            .map_err(|error| wrong(error.to_string()))?;
        let is_hourly = clock_changes::is_hourly(&cron);
        let schedule = Self { cron, is_hourly, expression: expression.to_owned(), zone };
        match schedule.next_after(Utc::now()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never { expression: expression.to_owned() }),
        }
    }

    /// The first time strictly after `time`; `None` if the schedule never fires again.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next_after_in(time.with_timezone(&self.zone))
    }

    /// The first time strictly after `time`, in the zone of `time`.
    pub(crate) fn next_after_in<Z: TimeZone>(&self, time: DateTime<Z>) -> Option<DateTime<Utc>> {
        if self.is_hourly {
            clock_changes::next_shown(&self.cron, &time)
        } else {
            clock_changes::next_reached(&self.cron, &time)
        }
    }

    /// The expression as given, without surrounding spaces.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }
}

impl fmt::Debug for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronSchedule({:?} {})", self.expression, self.zone)
    }
}

/// A time zone by its name.
pub(crate) fn zone(name: &str) -> Result<Tz, ScheduleError> {
    name.parse().map_err(|_| ScheduleError::Zone { zone: name.to_owned() })
}
