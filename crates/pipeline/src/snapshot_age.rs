//! Age of the last successful snapshot, and whether the next one is overdue.
//!
//! A run that finds no changes is a success, because the stored snapshot still equals the database.

use std::time::Duration;

use bull_queue::{Queue, State};
use chrono::{DateTime, Utc};

use crate::human;

/// When a job of the snapshot queue `queue` completed last.
///
/// # Errors
/// When Redis does not answer.
pub async fn last_completed(queue: &Queue) -> Result<Option<DateTime<Utc>>, bull_queue::Error> {
    let newest = queue.jobs(State::Completed, 0, 0).await?;
    let ended = newest.first().and_then(|job| i64::try_from(job.finished_on?).ok());
    Ok(ended.and_then(DateTime::from_timestamp_millis))
}

/// A sentence if the last success is longer ago than `max_age`, or there was none yet.
#[must_use]
pub fn overdue(
    last: Option<DateTime<Utc>>,
    max_age: Duration,
    now: DateTime<Utc>,
) -> Option<String> {
    let limit = human::duration(max_age.as_secs_f64());
    let Some(last) = last else {
        return Some(format!("no snapshot has succeeded yet; SNAPSHOT_MAX_AGE is {limit}"));
    };
    let age = (now - last).to_std().unwrap_or_default();
    (age > max_age).then(|| {
        format!(
            "no snapshot has succeeded since {}, {} ago; SNAPSHOT_MAX_AGE is {limit}",
            last.format("%Y-%m-%d %H:%M:%S UTC"),
            human::duration(age.as_secs_f64())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_older_than_the_limit_is_overdue() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (limit, last) = (Duration::from_secs(3_600), at("2026-11-21T05:00:00Z"));
        assert_eq!(overdue(Some(last), limit, at("2026-11-21T06:00:00Z")), None);
        assert_eq!(
            overdue(Some(last), limit, at("2026-11-21T06:30:00Z")).as_deref(),
            Some(
                "no snapshot has succeeded since 2026-11-21 05:00:00 UTC, 1 h 30 min ago; \
                 SNAPSHOT_MAX_AGE is 1 h 00 min"
            )
        );
        assert_eq!(overdue(Some(last), limit, at("2026-11-21T04:00:00Z")), None, "a clock was set");
        assert!(overdue(None, limit, last).is_some_and(|text| text.contains("yet")));
    }
}
