//! Ticks of a cron schedule, for apalis-cron.

use apalis_cron::{Schedule, Tick};
use bull_queue::cron::CronSchedule;
use chrono::{DateTime, Utc};

/// A cron schedule whose ticks are strictly increasing and in the future.
#[derive(Clone)]
pub struct CronTicks {
    cron: CronSchedule,
    last: Option<DateTime<Utc>>,
    now: fn() -> DateTime<Utc>,
}

impl CronTicks {
    /// The ticks of `cron` according to the system clock.
    #[must_use]
    pub fn new(cron: CronSchedule) -> Self {
        Self::with_clock(cron, Utc::now)
    }

    /// The ticks of `cron` according to another clock.
    #[must_use]
    pub fn with_clock(cron: CronSchedule, now: fn() -> DateTime<Utc>) -> Self {
        Self { cron, last: None, now }
    }
}

impl<Tz> Schedule<Tz> for CronTicks {
    /// The time zone is that of the schedule.
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        let now = (self.now)();
        let after = self.last.map_or(now, |last| last.max(now));
        let next = self.cron.next_after(after)?;
        self.last = Some(next);
        Some(Tick::new(u64::try_from(next.timestamp()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use apalis_cron::timezone::Utc as AnyZone;

    use super::*;

    fn ticks(now: fn() -> DateTime<Utc>) -> Vec<u64> {
        let cron = CronSchedule::parse("30 2 * * *").unwrap();
        let mut schedule = CronTicks::with_clock(cron, now);
        (0..3).map(|_| schedule.next_tick(&AnyZone).unwrap().get_timestamp()).collect()
    }

    fn seconds(time: &str) -> u64 {
        u64::try_from(DateTime::parse_from_rfc3339(time).unwrap().timestamp()).unwrap()
    }

    #[test]
    fn a_skipped_hour_runs_after_the_gap() {
        let ticks = ticks(|| "2026-03-28T00:00:00Z".parse().unwrap());
        let wanted =
            ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"];
        assert_eq!(ticks, wanted.map(seconds));
    }

    #[test]
    fn a_repeated_hour_runs_once() {
        let ticks = ticks(|| "2026-10-24T00:00:00Z".parse().unwrap());
        let wanted =
            ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"];
        assert_eq!(ticks, wanted.map(seconds));
    }
}
