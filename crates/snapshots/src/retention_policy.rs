//! Retention policy: which snapshots are kept (the newest ones, and one per hour, day, week and month).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

/// The time zone whose days count, as for `SCHEDULE`.
const TIME_ZONE: Tz = chrono_tz::Europe::Paris;

/// Which snapshots are kept: `last=10,daily=7,weekly=4,monthly=12`.
///
/// The newest snapshot of each day, week or month is kept. Only days, weeks and months that have a snapshot
/// count, so a database that did not change for a year loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Number of newest snapshots.
    pub last: u32,
    /// Number of hours, in UTC.
    pub hourly: u32,
    /// Number of days in Europe/Paris.
    pub daily: u32,
    /// Number of weeks, starting on Monday.
    pub weekly: u32,
    /// Number of months.
    pub monthly: u32,
}

/// A string that is not a valid policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\": {reason}; must say how many snapshots are kept, such as last=10,daily=7,weekly=4,monthly=12 \
     or hourly=24, each at most once"
)]
pub struct RetentionPolicyError {
    text: String,
    reason: String,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { last: 10, hourly: 0, daily: 7, weekly: 4, monthly: 12 }
    }
}

impl RetentionPolicy {
    /// Positions in `times` of the snapshots that are kept. `times` may be in any order; the newest is
    /// always kept.
    #[must_use]
    pub fn kept(&self, times: &[DateTime<Utc>]) -> BTreeSet<usize> {
        let mut newest_first: Vec<usize> = (0..times.len()).collect();
        newest_first.sort_by_key(|&place| std::cmp::Reverse((times[place], place)));
        let day = |place: usize| times[place].with_timezone(&TIME_ZONE).date_naive();
        let week = |date: NaiveDate| date.week(chrono::Weekday::Mon).first_day();
        let month = |date: NaiveDate| date.with_day(1).unwrap_or(date);
        let mut kept: BTreeSet<usize> = newest_first.iter().take(1).copied().collect();
        kept.extend(newest_first.iter().take(as_size(self.last)));
        // In UTC, where no hour occurs twice.
        let hour = |place: usize| times[place].timestamp().div_euclid(3_600);
        kept.extend(newest_of_each(&newest_first, hour, self.hourly));
        kept.extend(newest_of_each(&newest_first, day, self.daily));
        kept.extend(newest_of_each(&newest_first, |place| week(day(place)), self.weekly));
        kept.extend(newest_of_each(&newest_first, |place| month(day(place)), self.monthly));
        kept
    }
}

/// The first snapshot of each period, for at most `count` periods.
fn newest_of_each<P: PartialEq>(
    newest_first: &[usize],
    period: impl Fn(usize) -> P,
    count: u32,
) -> Vec<usize> {
    let mut newest = newest_first.to_vec();
    // Periods are in order, so equal ones are adjacent.
    newest.dedup_by_key(|place| period(*place));
    newest.truncate(as_size(count));
    newest
}

fn as_size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl FromStr for RetentionPolicy {
    type Err = RetentionPolicyError;

    fn from_str(text: &str) -> Result<Self, RetentionPolicyError> {
        let wrong = |reason: String| RetentionPolicyError { text: text.into(), reason };
        let mut keep = Self { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 };
        let mut seen = BTreeSet::new();
        for part in text.split(',') {
            let part = part.trim();
            let Some((what, count)) = part.split_once('=') else {
                return Err(wrong(if part.is_empty() {
                    "a part is empty".into()
                } else {
                    format!("{part} has no number")
                }));
            };
            let (what, count) = (what.trim(), count.trim());
            let place = match what {
                "last" => &mut keep.last,
                "hourly" => &mut keep.hourly,
                "daily" => &mut keep.daily,
                "weekly" => &mut keep.weekly,
                "monthly" => &mut keep.monthly,
                _ => return Err(wrong(format!("\"{what}\" is unknown"))),
            };
            *place = count
                .parse()
                .map_err(|_| wrong(format!("{what} must be a whole number, found \"{count}\"")))?;
            if !seen.insert(what) {
                return Err(wrong(format!("{what} is given twice")));
            }
        }
        let Self { last, hourly, daily, weekly, monthly } = keep;
        if [last, hourly, daily, weekly, monthly] == [0; 5] {
            return Err(wrong("nothing would be kept".into()));
        }
        Ok(keep)
    }
}

/// Omits numbers that are zero.
impl fmt::Display for RetentionPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("last", self.last),
            ("hourly", self.hourly),
            ("daily", self.daily),
            ("weekly", self.weekly),
            ("monthly", self.monthly),
        ];
        let text: Vec<String> = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{what}={count}"))
            .collect();
        formatter.write_str(&text.join(","))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn texts_that_say_what_is_kept() {
        let keep = RetentionPolicy { last: 10, hourly: 0, daily: 7, weekly: 4, monthly: 12 };
        assert_eq!("last=10,daily=7,weekly=4,monthly=12".parse(), Ok(keep));
        assert_eq!(keep, RetentionPolicy::default());
        assert_eq!(
            " monthly = 2 ".parse(),
            Ok(RetentionPolicy { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 2 })
        );
        assert_eq!(
            RetentionPolicy { last: 3, hourly: 24, daily: 0, weekly: 1, monthly: 0 }.to_string(),
            "last=3,hourly=24,weekly=1"
        );
        for (text, reason) in [
            ("", "a part is empty"),
            ("last=1,", "a part is empty"),
            ("last", "last has no number"),
            ("10", "10 has no number"),
            ("last=-1", "last must be a whole number, found \"-1\""),
            ("last=many", "found \"many\""),
            ("last=", "found \"\""),
            ("yearly=1", "\"yearly\" is unknown"),
            ("last=1,last=2", "last is given twice"),
            ("last=0", "nothing would be kept"),
            ("last=0,daily=0", "nothing would be kept"),
        ] {
            let error = text.parse::<RetentionPolicy>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(error.contains("last=10,daily=7,weekly=4,monthly=12"), "{text}: {error}");
        }
    }

    #[test]
    fn days_weeks_and_months_are_those_of_paris() {
        let times = [
            // Half past midnight in Paris: of the 21st, as the next.
            at("2026-11-20T23:30:00Z"),
            at("2026-11-21T05:00:00Z"),
            // The 20th.
            at("2026-11-20T22:30:00Z"),
            // A Sunday and its Monday; in summer.
            at("2026-08-30T21:59:59Z"),
            at("2026-08-30T22:00:00Z"),
        ];
        let kept = |text: &str| -> Vec<usize> {
            text.parse::<RetentionPolicy>().unwrap().kept(&times).into_iter().collect()
        };
        assert_eq!(kept("last=2"), [0, 1]);
        assert_eq!(kept("daily=2"), [1, 2]);
        assert_eq!(kept("weekly=3"), [1, 3, 4]);
        assert_eq!(kept("monthly=9"), [1, 4]);
        assert_eq!(kept("daily=9,monthly=1"), [1, 2, 3, 4]);
        assert_eq!(kept("hourly=3"), [0, 1, 2]);
        let close =
            [at("2026-11-20T22:00:00Z"), at("2026-11-20T22:30:00Z"), at("2026-11-20T23:00:00Z")];
        let kept: Vec<usize> =
            "hourly=9".parse::<RetentionPolicy>().unwrap().kept(&close).into_iter().collect();
        assert_eq!(kept, [1, 2]);
    }

    fn keeps() -> impl Strategy<Value = RetentionPolicy> {
        (0..6_u32, 0..6_u32, 0..6_u32, 0..6_u32, 0..6_u32).prop_map(
            |(last, hourly, daily, weekly, monthly)| RetentionPolicy {
                last,
                hourly,
                daily,
                weekly,
                monthly,
            },
        )
    }

    /// Over some months, some of them close together, some around changes of the clocks.
    fn times() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
        let moment = prop_oneof![0..300_i64 * 86_400, 0..3 * 86_400_i64];
        let start = at("2026-03-27T00:00:00Z");
        proptest::collection::vec(
            moment.prop_map(move |seconds| start + TimeDelta::seconds(seconds)),
            0..60,
        )
    }

    fn kept_times(keep: RetentionPolicy, times: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
        keep.kept(times).into_iter().map(|place| times[place]).collect()
    }

    proptest! {
        #[test]
        fn the_newest_always_stays(keep in keeps(), times in times()) {
            prop_assert_eq!(kept_times(keep, &times).into_iter().max(), times.into_iter().max());
        }

        #[test]
        fn no_more_stay_than_are_asked_for(keep in keeps(), times in times()) {
            let wanted = keep.last + keep.hourly + keep.daily + keep.weekly + keep.monthly;
            prop_assert!(keep.kept(&times).len() <= as_size(wanted.max(1)));
        }

        #[test]
        fn the_last_ones_stay(keep in keeps(), times in times()) {
            let mut newest = times.clone();
            newest.sort_unstable();
            let mut kept = kept_times(keep, &times);
            kept.sort_unstable();
            let count = as_size(keep.last).min(newest.len());
            prop_assert!(kept.ends_with(&newest[newest.len() - count..]));
        }

        #[test]
        fn each_of_the_last_days_has_its_newest(keep in keeps(), times in times()) {
            let day = |time: &DateTime<Utc>| time.with_timezone(&TIME_ZONE).date_naive();
            let days: BTreeSet<NaiveDate> = times.iter().map(day).collect();
            let kept: BTreeSet<DateTime<Utc>> = kept_times(keep, &times).into_iter().collect();
            for wanted in days.into_iter().rev().take(as_size(keep.daily)) {
                let newest = times.iter().filter(|time| day(time) == wanted).max().unwrap();
                prop_assert!(kept.contains(newest), "{wanted}: {newest}");
            }
        }

        #[test]
        fn more_asked_for_is_more_kept(keep in keeps(), more in keeps(), times in times()) {
            let larger = RetentionPolicy {
                last: keep.last + more.last,
                hourly: keep.hourly + more.hourly,
                daily: keep.daily + more.daily,
                weekly: keep.weekly + more.weekly,
                monthly: keep.monthly + more.monthly,
            };
            prop_assert!(keep.kept(&times).is_subset(&larger.kept(&times)));
        }

        #[test]
        fn a_second_pruning_finds_nothing(keep in keeps(), times in times()) {
            let kept = kept_times(keep, &times);
            prop_assert_eq!(keep.kept(&kept).len(), kept.len());
        }

        #[test]
        fn pruned_after_each_or_once_at_the_end(keep in keeps(), times in times()) {
            let mut times = times;
            times.sort_unstable();
            times.dedup();
            let mut there = Vec::new();
            for time in &times {
                there.push(*time);
                there = kept_times(keep, &there);
            }
            prop_assert_eq!(there, kept_times(keep, &times));
        }
    }
}
