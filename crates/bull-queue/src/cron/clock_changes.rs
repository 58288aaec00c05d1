//! When the local clock shows the times that a pattern names, over the days on which it is changed.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use croner::Cron;

/// No clock has ever skipped more than a day.
const LONGEST_GAP_IN_MINUTES: u32 = 24 * 60;

/// Whether `cron` names every hour of a day.
pub(super) fn is_hourly(cron: &Cron) -> bool {
    (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false))
}

/// The first moment strictly after `after` at which the clock reaches, for the first time, a time that
/// `cron` names. A time that is skipped is reached when the clock jumps over it, one that comes twice
/// the first time.
pub(super) fn next_reached<Z: TimeZone>(cron: &Cron, after: &DateTime<Z>) -> Option<DateTime<Utc>> {
    let zone = after.timezone();
    let mut time = after.naive_local();
    loop {
        time = next_named(cron, time)?;
        // In an hour that is repeated, the times ahead were reached before.
        if let Some(moment) = reached(&zone, time).filter(|moment| moment > after) {
            return Some(moment);
        }
    }
}

/// The first moment strictly after `after` at which the clock shows a time that `cron` names, be it
/// for the second time.
pub(super) fn next_shown<Z: TimeZone>(cron: &Cron, after: &DateTime<Z>) -> Option<DateTime<Utc>> {
    let zone = after.timezone();
    let local = after.naive_local();
    // Where the clock goes back within a day, times before this one are still to come.
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

/// The first time strictly after `local` that `cron` names, whatever any clock shows.
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
