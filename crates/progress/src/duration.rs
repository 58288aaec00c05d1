//! Durations as people write them.

use std::time::Duration;

/// `"10 minutes"`, `"1 day"`, `"1 hour 30 min"`; nothing when it is none. Whole numbers only.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut words = text.split_whitespace().flat_map(split_number).peekable();
    words.peek()?;
    while let Some(number) = words.next() {
        let number: u64 = number.parse().ok()?;
        seconds = seconds.checked_add(number.checked_mul(unit(words.next()?)?)?)?;
    }
    // More than that is a typing error, and more than PostgreSQL's intervals bear as seconds.
    (seconds <= 366 * 86_400 * 100).then(|| Duration::from_secs(seconds))
}

/// `10min` is `10 min`.
fn split_number(word: &str) -> impl Iterator<Item = &str> {
    let end = word.find(|one: char| !one.is_ascii_digit()).unwrap_or(word.len());
    let (number, rest) = word.split_at(end);
    [number, rest].into_iter().filter(|part| !part.is_empty())
}

fn unit(word: &str) -> Option<u64> {
    Some(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "seconds" => 1,
        "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "week" | "weeks" => 7 * 86_400,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        for (text, seconds) in [
            ("10 minutes", 600),
            ("1 day", 86_400),
            ("1 hour 30 min", 5_400),
            ("90s", 90),
            (" 2  Weeks ", 1_209_600),
            ("0 seconds", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "10",
            "minutes",
            "-1 day",
            "1.5 hours",
            "1 fortnight",
            "10 m",
            "1 day 2",
            "99999999999999999999 s",
            "9000 weeks",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
