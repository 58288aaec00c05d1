//! Cron over every change of every clock, against a clock that is watched minute by minute, and
//! expressions of all kinds.

use std::collections::{BTreeMap, BTreeSet};

use bull_queue::cron::CronSchedule;
use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Expressions whose days are all days, and a few that are not.
const EXPRESSIONS: &[&str] = &[
    "30 2 * * *",
    "0 2,3 * * *",
    "0 */2 * * *",
    "0 1-3 * * *",
    "30 2,4 * * *",
    "*/30 2 * * *",
    "*/20 0,1,23 * * *",
    "5 0 * * *",
    "59 23 * * *",
    "10 * * * *",
    "*/30 * * * *",
    "0 0-23 * * *",
    "15 */1 * * *",
    "0 2 * * 0",
    "*/15 * * 3-11 *",
];

fn offset(zone: Tz, moment: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()
}

/// One zone for each change that any clock makes: when, and by how much.
fn changes(from: i32, to: i32) -> BTreeMap<(DateTime<Utc>, i32, i32), Tz> {
    let at = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap();
    let mut changes = BTreeMap::new();
    for zone in TZ_VARIANTS {
        let mut before = at(from);
        while before < at(to) {
            let after = before + TimeDelta::days(10);
            let (was, is) = (offset(zone, before), offset(zone, after));
            if was != is {
                let (mut low, mut high) = (before, after);
                while high - low > TimeDelta::seconds(1) {
                    let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
                    if offset(zone, middle) == was { low = middle } else { high = middle }
                }
                changes.entry((high, was, is)).or_insert(zone);
            }
            before = after;
        }
    }
    changes
}

/// What the test itself reads an expression as: sets of numbers.
struct Sets([BTreeSet<u32>; 5]);

impl Sets {
    fn read(expression: &str) -> Self {
        let ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        let mut fields = expression.split(' ').zip(ranges).map(|(field, (least, most))| {
            let parts = field.split(',').flat_map(|part| {
                let (range, step) = part.split_once('/').unwrap_or((part, "1"));
                let (first, last) = match range.split_once('-') {
                    Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
                    None if range == "*" => (least, most),
                    None => (range.parse().unwrap(), range.parse().unwrap()),
                };
                (first..=last).step_by(step.parse().unwrap())
            });
            parts.collect()
        });
        Self(std::array::from_fn(|_| fields.next().unwrap()))
    }

    fn name(&self, time: NaiveDateTime) -> bool {
        let [minutes, hours, days, months, weekdays] = &self.0;
        time.second() == 0
            && minutes.contains(&time.minute())
            && hours.contains(&time.hour())
            && days.contains(&time.day())
            && months.contains(&time.month())
            && weekdays.contains(&time.weekday().num_days_from_sunday())
    }

    fn is_hourly(&self) -> bool {
        self.0[1].len() == 24
    }
}

/// When the expression runs, by a look at the clock each minute. The clock is changed at `change`, and
/// not in the day before.
fn watched(
    sets: &Sets,
    zone: Tz,
    change: DateTime<Utc>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let local = |moment: DateTime<Utc>| moment.with_timezone(&zone).naive_local();
    let mut runs = Vec::new();
    let mut moment = from;
    let mut furthest = local(from).max(local(from.min(change - TimeDelta::minutes(1))));
    while moment < to {
        moment += TimeDelta::minutes(1);
        let local = local(moment);
        let mut runs_now = sets.is_hourly() && sets.name(local);
        while furthest < local {
            furthest += TimeDelta::minutes(1);
            runs_now |= !sets.is_hourly() && sets.name(furthest);
        }
        if runs_now {
            runs.push(moment);
        }
    }
    runs
}

fn computed(schedule: &CronSchedule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let next = |time: &DateTime<Utc>| schedule.next_after(*time).filter(|next| *next <= to);
    std::iter::successors(next(&from), next).collect()
}

/// For some hours from so many minutes after the change.
fn assert_as_watched(expression: &str, zone: Tz, change: DateTime<Utc>, minutes: i64, hours: i64) {
    let sets = Sets::read(expression);
    let schedule = CronSchedule::parse_in(expression, zone).unwrap();
    // Where the clock is changed in the middle of a minute, whole minutes are looked at all the same.
    let change = change - TimeDelta::seconds(change.timestamp().rem_euclid(60));
    let from = change + TimeDelta::minutes(minutes);
    let to = from + TimeDelta::hours(hours);
    let shown = |runs: Vec<DateTime<Utc>>| -> Vec<String> {
        runs.iter().map(|run| run.with_timezone(&zone).to_string()).collect()
    };
    assert_eq!(
        shown(computed(&schedule, from, to)),
        shown(watched(&sets, zone, change, from, to)),
        "{expression} in {zone}, from {from}"
    );
}

/// Lists of numbers, ranges and steps.
fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => (least..=most).prop_map(|number| number.to_string()),
        2 => (1..=most).prop_map(|step| format!("*/{step}")),
        2 => (least..=most, least..=most)
            .prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
    ];
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(","));
    prop_oneof![1 => Just("*".to_owned()), 3 => parts]
}

/// Five fields: lists of minutes and hours, and now and then of days of the week.
fn expression() -> impl Strategy<Value = String> {
    let weekday = (0_u32..=6).prop_map(|day| day.to_string());
    (field(0, 59), field(0, 23), prop_oneof![3 => Just("*".to_owned()), 1 => weekday])
        .prop_map(|(minutes, hours, weekdays)| format!("{minutes} {hours} * * {weekdays}"))
}

#[test]
fn over_every_change_of_every_clock() {
    let changes: Vec<_> = changes(1990, 2031).into_iter().collect();
    assert!(changes.len() > 1000, "{}", changes.len());
    for (number, ((change, ..), zone)) in changes.iter().enumerate() {
        // Each time from another moment, and two of the expressions.
        let minutes = i64::try_from(number * 7 % 300).unwrap() - 200;
        for expression in EXPRESSIONS.iter().skip(number % 7).step_by(7) {
            assert_as_watched(expression, *zone, *change, minutes, 6);
        }
    }
    let change = prop::sample::select(changes);
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(
            &(expression(), change, -1500_i64..1500),
            |(expression, ((change, ..), zone), minutes)| {
                assert_as_watched(&expression, zone, change, minutes, 30);
                Ok(())
            },
        )
        .unwrap();
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_read_runs_ever_later(
        text in "([0-9*/,-]{1,6}|L|W|#|[a-zA-Z]{3}| ){1,9}",
        seconds in 0_i64..4_000_000_000,
        zone in prop::sample::select(TZ_VARIANTS.to_vec()),
    ) {
        if let Ok(schedule) = CronSchedule::parse_in(&text, zone) {
            let mut time = DateTime::from_timestamp(seconds, 0).unwrap();
            for _ in 0..5 {
                let Some(next) = schedule.next_after(time) else { break };
                prop_assert!(next > time && next.timestamp() % 60 == 0 || next.timestamp() < 0, "{text}: {next}");
                time = next;
            }
        }
    }

    #[test]
    fn what_is_no_expression_is_refused(text in "\\PC{0,40}") {
        let _ = CronSchedule::parse(&text);
    }
}
