//! Periods as written by operators: "2h", "7 days", or milliseconds.

use std::time::Duration;

/// A period.
pub(crate) type Period = Duration;

/// The units of bull-repl, in milliseconds.
const UNITS: &[(&[&str], f64)] = &[
    (&["", "ms", "msec", "msecs", "millisecond", "milliseconds"], 1.0),
    (&["s", "sec", "secs", "second", "seconds"], 1e3),
    (&["m", "min", "mins", "minute", "minutes"], 60e3),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600e3),
    (&["d", "day", "days"], 86_400e3),
    (&["w", "week", "weeks"], 7.0 * 86_400e3),
    (&["y", "yr", "yrs", "year", "years"], 365.25 * 86_400e3),
];

/// The longest period: Redis and JavaScript represent milliseconds as doubles.
const LONGEST_MS: f64 = 9.007e15;

/// Parses a period: a number with a unit; without one, milliseconds.
///
/// # Errors
/// A sentence that says what is expected.
pub(crate) fn parse(text: &str) -> Result<Period, String> {
    let wanted =
        || format!("{text:?} is no period: wanted a number and a unit, as 2h or \"7 days\"");
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let number: f64 = number.parse().map_err(|_| wanted())?;
    let unit = unit.trim().to_lowercase();
    let (_, length) =
        UNITS.iter().find(|(names, _)| names.contains(&unit.as_str())).ok_or_else(wanted)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    Ok(Duration::from_millis((number * length).round().min(LONGEST_MS) as u64))
}

/// A period in the largest unit of which it is an integral number.
pub(crate) fn text(period: Period) -> String {
    let all = milliseconds(period);
    let units =
        [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1000, "seconds")];
    let whole = units.iter().find(|(length, _)| all > 0 && all.is_multiple_of(*length));
    match whole {
        Some((length, unit)) => format!("{} {unit}", all / length),
        None => format!("{all} ms"),
    }
}

/// Milliseconds, as Bull counts.
pub(crate) fn milliseconds(period: Period) -> u64 {
    u64::try_from(period.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_as_bull_repl_reads_them() {
        for (text, wanted) in [
            ("100", 100),
            ("2h", 7_200_000),
            ("1.5h", 5_400_000),
            ("7 days", 604_800_000),
            ("1 Min", 60_000),
            ("3w", 1_814_400_000),
            ("1y", 31_557_600_000),
            (".5s", 500),
            ("0", 0),
        ] {
            assert_eq!(parse(text).map(milliseconds), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_period_is_written_in_its_longest_unit() {
        for (written, wanted) in [
            ("0", "0 ms"),
            ("1500", "1500 ms"),
            ("90s", "90 seconds"),
            ("120 min", "2 hours"),
            ("4 weeks", "28 days"),
        ] {
            assert_eq!(text(parse(written).unwrap()), wanted);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "2 fortnights", "-1h", "1h30", "1e3", "1.2.3s"] {
            assert!(parse(text).unwrap_err().contains("is no period"), "{text}");
        }
        assert_eq!(parse("99999999999999999999y").map(milliseconds), Ok(9_007_000_000_000_000));
    }
}
