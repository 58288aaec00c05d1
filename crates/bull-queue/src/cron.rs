//! Cron schedules: five fields, in a time zone.
//!
//! Day of month *or* day of week when both are given, 0 and 7 are Sunday.
//!
//! Where clocks are changed, a time runs when the local clock reaches it for the first time: one that
//! is skipped at the first minute after the gap (02:30 becomes 03:00 in spring), and together with a
//! time that falls on that minute; one that comes twice the first time only. A schedule of every hour
//! (`*` as hour) follows the clock instead: it runs whenever the clock shows one of its times, in an
//! hour that is repeated twice, and nothing stands for those of an hour that is skipped.

mod clock_changes;
mod fields;

use std::fmt;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The time zone of the nightly schedule.
pub const PARIS: Tz = chrono_tz::Europe::Paris;

/// A schedule that cannot be used.
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

    /// The first time strictly after `time`; none when the schedule never fires again.
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

    /// The expression as it was given, without spaces around it.
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
