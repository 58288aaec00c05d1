//! Prefixes that platforms put in front of a line: the time and the container.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone};

/// When a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The day as written, in the platform's time zone.
    pub(super) day: NaiveDate,
    pub(super) time: DateTime<FixedOffset>,
}

/// A line divided into its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefixed<'a> {
    pub(super) stamp: Option<Stamp>,
    /// The container's name; empty if there is none.
    pub(super) source: &'a str,
    pub(super) rest: &'a str,
}

/// `2026-11-21 05:00:01.123456789 +0100 CET [worker-1] rest`, `2026-11-21T04:00:01Z app[worker.1]: rest`,
/// `worker-1  | rest`, or the bare line.
pub(super) fn split(line: &str) -> Prefixed<'_> {
    if let Some((stamp, rest)) = stamp(line) {
        let rest = without_zone_name(rest);
        let (source, rest) = container(rest);
        return Prefixed { stamp: Some(stamp), source, rest };
    }
    if let Some((name, rest)) = line.split_once(" | ")
        && !name.trim_end().is_empty()
        && !name.trim_end().contains([' ', '{'])
    {
        let rest = rest.trim_start();
        let (stamp, rest) = stamp(rest).map_or((None, rest), |(stamp, rest)| (Some(stamp), rest));
        return Prefixed { stamp, source: name.trim_end(), rest: rest.trim_start() };
    }
    Prefixed { stamp: None, source: "", rest: line }
}

/// The time at the beginning of `text`, and the rest.
pub(super) fn stamp(text: &str) -> Option<(Stamp, &str)> {
    let (day, rest) = text.split_at_checked(10)?;
    let day: NaiveDate = day.parse().ok()?;
    let rest = rest.strip_prefix([' ', 'T'])?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(rest.len());
    let (time, rest) = rest.split_at(end);
    let time = NaiveTime::parse_from_str(&time.replace(',', "."), "%H:%M:%S%.f").ok()?;
    let (offset, rest) = offset(rest);
    // Times are never ambiguous, because offsets are numbers here.
    let time = offset.from_local_datetime(&day.and_time(time)).single()?;
    Some((Stamp { day, time }, rest))
}

/// `Z`, ` +0100` or `+01:00`; UTC if absent.
fn offset(text: &str) -> (FixedOffset, &str) {
    let utc = FixedOffset::east_opt(0).expect("zero is an offset");
    let trimmed = text.strip_prefix(' ').unwrap_or(text);
    if let Some(rest) = trimmed.strip_prefix('Z') {
        return (utc, rest);
    }
    for length in [6, 5] {
        if let Some((offset, rest)) = trimmed.split_at_checked(length)
            && offset.starts_with(['+', '-'])
            && let Ok(offset) = offset.parse()
        {
            return (offset, rest);
        }
    }
    (utc, text)
}

/// ` CET` after the offset repeats it.
fn without_zone_name(text: &str) -> &str {
    let text = text.trim_start();
    match text.split_once(' ') {
        Some((name, rest))
            if name.len() <= 5 && name.bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            rest.trim_start()
        }
        _ => text,
    }
}

/// `[worker-1] rest` or `app[worker.1]: rest`.
fn container(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((name, rest)) if name.contains('[') && name.ends_with([']', ':']) => {
            (name.trim_end_matches(':'), rest.trim_start())
        }
        _ => ("", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (Option<String>, &str, &str) {
        let Prefixed { stamp, source, rest } = split(line);
        let stamp = stamp.map(|stamp| {
            assert_eq!(stamp.time.date_naive(), stamp.day, "{line}");
            stamp.time.to_rfc3339()
        });
        (stamp, source, rest)
    }

    #[test]
    fn what_platforms_write_is_taken_off() {
        let at = |time: &str| Some(time.to_owned());
        for (line, wanted) in [
            (
                "2026-11-21 05:00:01.123456789 +0100 CET [worker-1] {\"a\": 1}",
                (at("2026-11-21T05:00:01.123456789+01:00"), "[worker-1]", "{\"a\": 1}"),
            ),
            (
                "2020-10-22 07:10:12.123456 +0200 CEST [background-1] pg_restore: launching item 1 INDEX x",
                (
                    at("2020-10-22T07:10:12.123456+02:00"),
                    "[background-1]",
                    "pg_restore: launching item 1 INDEX x",
                ),
            ),
            (
                "2026-11-21 05:00:01.5 +0000 pg_restore: x",
                (at("2026-11-21T05:00:01.500+00:00"), "", "pg_restore: x"),
            ),
            (
                "2026-11-21T04:00:01.12+00:00 app[worker.1]: text",
                (at("2026-11-21T04:00:01.120+00:00"), "app[worker.1]", "text"),
            ),
            ("2026-11-21T04:00:01Z text", (at("2026-11-21T04:00:01+00:00"), "", "text")),
            ("2026-11-21 04:00:01 text", (at("2026-11-21T04:00:01+00:00"), "", "text")),
            ("worker-1  | {\"a\": 1}", (None, "worker-1", "{\"a\": 1}")),
            (
                "worker-1 | 2026-11-21T04:00:01Z text",
                (at("2026-11-21T04:00:01+00:00"), "worker-1", "text"),
            ),
            ("{\"a\": \"b | c\"}", (None, "", "{\"a\": \"b | c\"}")),
            ("2026-13-21 04:00:01 text", (None, "", "2026-13-21 04:00:01 text")),
            ("2026-11-21 late", (None, "", "2026-11-21 late")),
            ("é", (None, "", "é")),
            ("", (None, "", "")),
        ] {
            assert_eq!(parts(line), wanted, "{line}");
        }
    }
}
