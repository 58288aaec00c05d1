//! Formatting of numbers and text for people.

use std::borrow::Cow;

/// Foreign text for a terminal: control characters (except newlines and tabs), and characters that change
/// the writing direction, are escaped as in JSON, so that they cannot move the cursor, hide text or make
/// the terminal respond.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A number with spaces between thousands; empty for zero, to keep tables readable.
#[must_use]
pub fn count(number: u64) -> String {
    if number == 0 {
        return String::new();
    }
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Bytes in binary units; empty for zero.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { progress::size_in_words(bytes) }
}

/// Seconds as `4.2 s`, `3 min 20 s` or `1 h 27 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    // Not 60.0 s.
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min")
    } else {
        format!("{minutes} min {seconds:02} s")
    }
}

/// The remaining time, as `45 s`, `3 min 20 s` or `1 h 27 min`, without decimals because it is an estimate.
#[must_use]
pub fn time_left(seconds: u64) -> String {
    if seconds < 60 {
        return format!("{seconds} s");
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    duration(seconds as f64)
}

/// A percentage of the whole: `12 %`, `< 1 %`.
#[must_use]
pub fn percent(percent: f64) -> String {
    if percent > 0.0 && percent < 1.0 { "< 1 %".into() } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        let text = "a\tb\nc\u{1b}[2J\r\u{7f}\u{9b}1m\u{202e}é";
        assert_eq!(visible(text), "a\tb\nc\\u001b[2J\\u000d\\u007f\\u009b1m\\u202eé");
        assert!(matches!(visible("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([count(0), count(999), count(11_060_000)], ["", "999", "11 060 000"]);
        assert_eq!([size(0), size(1_023), size(483_000_000)], ["", "1023 B", "460.6 MiB"]);
        assert_eq!(
            [duration(4.24), duration(59.97), duration(5262.0)],
            ["4.2 s", "1 min 00 s", "1 h 27 min"]
        );
        assert_eq!([time_left(9), time_left(200)], ["9 s", "3 min 20 s"]);
        assert_eq!([percent(0.0), percent(0.2), percent(12.4)], ["0 %", "< 1 %", "12 %"]);
    }
}
