//! Cron over the days on which the clocks change, and what is not a valid cron expression.

use bull_queue::cron::{CronSchedule, ScheduleError};
use chrono::{DateTime, Utc};

/// The next `count` times after `start`, in Paris.
fn next(expression: &str, start: &str, count: usize) -> Vec<String> {
    let schedule = CronSchedule::parse(expression).unwrap();
    let mut time: DateTime<Utc> = start.parse().unwrap();
    (0..count)
        .map(|_| {
            time = schedule.next_after(time).unwrap();
            time.with_timezone(&schedule.zone()).format("%m-%d %H:%M %Z").to_string()
        })
        .collect()
}

#[test]
fn in_autumn_a_repeated_time_runs_once() {
    // 25 October 2026: 03:00 CEST becomes 02:00 CET.
    assert_eq!(
        next("30 2 * * *", "2026-10-24T12:00:00Z", 3),
        ["10-25 02:30 CEST", "10-26 02:30 CET", "10-27 02:30 CET"]
    );
}

#[test]
fn in_spring_a_skipped_time_runs_after_the_gap() {
    // 29 March 2026: 02:00 CET becomes 03:00 CEST.
    assert_eq!(
        next("30 2 * * *", "2026-03-27T12:00:00Z", 3),
        ["03-28 02:30 CET", "03-29 03:00 CEST", "03-30 02:30 CEST"]
    );
}

#[test]
fn times_of_several_hours_run_once_each() {
    for (expression, times) in [
        ("0 2,3 * * *", ["10-25 02:00 CEST", "10-25 03:00 CET", "10-26 02:00 CET"]),
        ("0 */2 * * *", ["10-25 02:00 CEST", "10-25 04:00 CET", "10-25 06:00 CET"]),
        ("0 1-3 * * *", ["10-25 01:00 CEST", "10-25 02:00 CEST", "10-25 03:00 CET"]),
        ("30 2,4 * * *", ["10-25 02:30 CEST", "10-25 04:30 CET", "10-26 02:30 CET"]),
    ] {
        assert_eq!(next(expression, "2026-10-24T22:30:00Z", 3), times, "{expression}");
    }
    assert_eq!(
        next("*/30 2 * * *", "2026-03-28T12:00:00Z", 3),
        ["03-29 03:00 CEST", "03-30 02:00 CEST", "03-30 02:30 CEST"]
    );
    assert_eq!(
        next("0 2,3 * * *", "2026-03-28T12:00:00Z", 2),
        ["03-29 03:00 CEST", "03-30 02:00 CEST"]
    );
}

#[test]
fn a_schedule_of_every_hour_follows_the_clock() {
    assert_eq!(
        next("30 * * * *", "2026-10-25T00:00:00Z", 3),
        ["10-25 02:30 CEST", "10-25 02:30 CET", "10-25 03:30 CET"]
    );
    assert_eq!(
        next("30 * * * *", "2026-03-29T00:00:00Z", 2),
        ["03-29 01:30 CET", "03-29 03:30 CEST"]
    );
}

#[test]
fn the_nightly_time_stays_at_ten_past_five() {
    assert_eq!(
        next("10 5 * * *", "2026-03-28T00:00:00Z", 3),
        ["03-28 05:10 CET", "03-29 05:10 CEST", "03-30 05:10 CEST"]
    );
    assert_eq!(
        next("10 5 * * *", "2026-10-24T00:00:00Z", 3),
        ["10-24 05:10 CEST", "10-25 05:10 CET", "10-26 05:10 CET"]
    );
}

#[test]
fn a_time_follows_strictly_after() {
    let schedule = CronSchedule::parse("10 5 * * *").unwrap();
    let tick: DateTime<Utc> = "2026-06-01T03:10:00Z".parse().unwrap();
    assert_eq!(schedule.next_after(tick), Some("2026-06-02T03:10:00Z".parse().unwrap()));
    let just_before = tick - chrono::TimeDelta::milliseconds(1);
    assert_eq!(schedule.next_after(just_before), Some(tick));
}

#[test]
fn standard_fields() {
    // Day of month or day of week; 0 and 7 are Sunday.
    assert_eq!(
        next("0 0 13 * 5", "2026-02-01T00:00:00Z", 3),
        ["02-06 00:00 CET", "02-13 00:00 CET", "02-20 00:00 CET"]
    );
    assert_eq!(next("0 0 * * 7", "2026-02-02T00:00:00Z", 1), ["02-08 00:00 CET"]);
    assert_eq!(next("0 0 * * 0", "2026-02-02T00:00:00Z", 1), ["02-08 00:00 CET"]);
    assert_eq!(
        next("*/20 9-10 * * mon", "2026-02-02T08:30:00Z", 3),
        ["02-02 09:40 CET", "02-02 10:00 CET", "02-02 10:20 CET"]
    );
}

#[test]
fn what_is_no_schedule_is_said() {
    let wrongs = [
        "",
        "10 5 * *",
        "0 10 5 * * *",
        "@daily",
        "61 5 * * *",
        "ten five * * *",
        // A word of another field, and an item without anything.
        "MON * * * *",
        "10 jan * * *",
        "10 5 mon * *",
        "10 5 * mon *",
        "10 5 * * jan",
        "1,,2 * * * *",
        "10 5, * * *",
    ];
    for wrong in wrongs {
        let error = CronSchedule::parse(wrong).unwrap_err();
        assert!(matches!(error, ScheduleError::Expression { .. }), "{wrong}");
        let text = error.to_string();
        assert!(text.contains(&format!("{wrong:?}")) && text.contains("five fields"), "{text}");
    }
    for right in
        ["10 5 * JAN-mar,dec *", "10 5 * * MON-fri,0", "10 5 L * *", "0 0 * * friL", "0 0 * * 5L"]
    {
        assert!(CronSchedule::parse(right).is_ok(), "{right}");
    }
    assert!(matches!(CronSchedule::parse("0 0 30 2 *"), Err(ScheduleError::Never { .. })));
}
