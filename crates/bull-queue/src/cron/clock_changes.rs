//! Times at which the local clock shows what a pattern matches, including days on which the clock is
//! changed.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use croner::Cron;

/// No clock change has ever skipped more than a day.
const LONGEST_GAP_IN_MINUTES: u32 = 24 * 60;

/// Whether `cron` matches every hour of the day.
pub(super) fn is_hourly(cron: &Cron) -> bool {
    (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false))
}

/// The first instant strictly after `after` at which the clock reaches a time that `cron` matches for the
/// first time. A skipped time is reached when the clock jumps over it; one that occurs twice, the first
/// time.
pub(super) fn next_reached<Z: TimeZone>(cron: &Cron, after: &DateTime<Z>) -> Option<DateTime<Utc>> {
    let zone = after.timezone();
    let mut time = after.naive_local();
    loop {
        time = next_named(cron, time)?;
        // In a repeated hour, the following times were already reached.
        if let Some(moment) = reached(&zone, time).filter(|moment| moment > after) {
            return Some(moment);
        }
    }
}

/// The first instant strictly after `after` at which the clock shows a time that `cron` matches, even if
/// for the second time.
pub(super) fn next_shown<Z: TimeZone>(cron: &Cron, after: &DateTime<Z>) -> Option<DateTime<Utc>> {
    let zone = after.timezone();
    let local = after.naive_local();
    // If the clock goes back within a day, earlier times are still to come.
    let tomorrow = after.clone() + TimeDelta::days(1);
    let back = seconds_east(after) - seconds_east(&tomorrow);
    let mut time = local - TimeDelta::seconds(back.max(0).into());
    let mut first: Option<DateTime<Utc>> = None;
    loop {
        time = next_named(cron, time)?;
        let shown = zone.from_local_datetime(&time);
        let moments = [shown.clone().earliest(), shown.latest()].into_iter().flatten();
        first = moments
            .map(|moment| moment.to_utc())
            .filter(|moment| moment > after)
            .chain(first)
            .min();
        if time > local && first.is_some() {
            return first;
        }
    }
}

/// The first local time strictly after `local` that `cron` matches, regardless of clock changes.
fn next_named(cron: &Cron, local: NaiveDateTime) -> Option<NaiveDateTime> {
    Some(cron.find_next_occurrence(&local.and_utc(), false).ok()?.naive_utc())
}

/// When the clock shows `local`, or the first whole minute after it, for the first time.
fn reached<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    (0..=LONGEST_GAP_IN_MINUTES)
        .map(|minutes| local + TimeDelta::minutes(minutes.into()))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|moment| moment.to_utc())
}

fn seconds_east<Z: TimeZone>(time: &DateTime<Z>) -> i32 {
    time.offset().fix().local_minus_utc()
}
