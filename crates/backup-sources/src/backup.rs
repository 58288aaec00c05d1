//! A backup, and which one is asked for.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use progress::size_in_words;

/// The time zone whose days count, as for `SCHEDULE`.
const TIME_ZONE: Tz = chrono_tz::Europe::Paris;

/// One backup of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its identifier in the source: a path, an id, a key.
    pub id: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its size in bytes, if the source lists it.
    pub size: Option<u64>,
}

impl Backup {
    /// How old it is.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> Duration {
        (now - self.created_at).to_std().unwrap_or_default()
    }

    /// For people: `backup 42 of 2026-11-21T01:00:00Z, 4 h old, 1.2 GiB`.
    #[must_use]
    pub fn describe(&self, now: DateTime<Utc>) -> String {
        let size = self.size.map(|size| format!(", {}", size_in_words(size)));
        format!(
            "backup {} of {}, {} old{}",
            self.id,
            self.created_at.format("%Y-%m-%dT%H:%M:%SZ"),
            age_in_words(self.age(now)),
            size.unwrap_or_default()
        )
    }
}

/// Maximum age of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxAge {
    /// Any age.
    Any,
    /// Made since midnight in Europe/Paris, the time zone of `SCHEDULE`.
    Today,
    /// Made within this period.
    Within(Duration),
}

impl MaxAge {
    /// The oldest acceptable creation time at `now`.
    #[must_use]
    pub fn oldest(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Any => DateTime::<Utc>::MIN_UTC,
            Self::Today => {
                let local = now.with_timezone(&TIME_ZONE);
                // Midnight exists every day in this time zone: clocks change at 2 and at 3.
                local
                    .with_time(NaiveTime::MIN)
                    .earliest()
                    .map_or(now, |midnight| midnight.with_timezone(&Utc))
            }
            Self::Within(age) => {
                chrono::TimeDelta::from_std(age).map_or(DateTime::<Utc>::MIN_UTC, |age| now - age)
            }
        }
    }
}

impl fmt::Display for MaxAge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any age"),
            Self::Today => formatter.write_str("today (since midnight in Europe/Paris)"),
            Self::Within(age) => write!(formatter, "the last {}", age_in_words(*age)),
        }
    }
}

/// Which backup is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupQuery {
    /// Its maximum age.
    pub max_age: MaxAge,
    /// Whether to start a backup and wait for it if there is none.
    pub create: bool,
    /// The current time.
    pub now: DateTime<Utc>,
}

impl BackupQuery {
    /// Whether a backup made at `created_at` is recent enough.
    #[must_use]
    pub fn accepts(&self, created_at: DateTime<Utc>) -> bool {
        created_at >= self.max_age.oldest(self.now)
    }
}

/// `4 h 5 min`, `3 days`.
#[must_use]
pub fn age_in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    if minutes == 0 {
        format!("{seconds} s")
    } else if hours == 0 {
        format!("{minutes} min")
    } else if hours < 24 && minutes % 60 > 0 {
        format!("{hours} h {} min", minutes % 60)
    } else if hours < 48 {
        format!("{hours} h")
    } else {
        format!("{} days", hours / 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn today_begins_at_midnight_in_paris() {
        let oldest = |now| MaxAge::Today.oldest(at(now));
        assert_eq!(oldest("2026-11-21T04:10:00Z"), at("2026-11-20T23:00:00Z"));
        assert_eq!(oldest("2026-07-21T03:10:00Z"), at("2026-07-20T22:00:00Z"));
        // The days on which the clocks change.
        assert_eq!(oldest("2026-03-29T03:10:00Z"), at("2026-03-28T23:00:00Z"));
        assert_eq!(oldest("2026-10-25T04:10:00Z"), at("2026-10-24T22:00:00Z"));
        // Half past midnight in Paris is the day before in UTC.
        assert_eq!(oldest("2026-11-20T23:30:00Z"), at("2026-11-20T23:00:00Z"));
    }

    #[test]
    fn an_age_is_accepted_or_not() {
        let now = at("2026-11-21T04:10:00Z");
        let wanted = |max_age| BackupQuery { max_age, create: false, now };
        let yesterday = at("2026-11-20T05:00:00Z");
        assert!(!wanted(MaxAge::Today).accepts(yesterday));
        assert!(wanted(MaxAge::Within(Duration::from_secs(86_400))).accepts(yesterday));
        assert!(!wanted(MaxAge::Within(Duration::from_secs(3_600))).accepts(yesterday));
        assert!(wanted(MaxAge::Any).accepts(at("1999-01-01T00:00:00Z")));
        assert!(wanted(MaxAge::Within(Duration::MAX)).accepts(at("1999-01-01T00:00:00Z")));
    }

    #[test]
    fn words() {
        let words = |seconds| age_in_words(Duration::from_secs(seconds));
        assert_eq!(
            [5, 90, 7_200, 7_500, 100_000, 400_000].map(words),
            ["5 s", "1 min", "2 h", "2 h 5 min", "27 h", "4 days"]
        );
    }
}
