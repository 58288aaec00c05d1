//! The table that closes a run.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use pg_replicate::Summary;

/// Phases, objects, rows, bytes and time as a table, with their sums below.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["phase", "objects", "rows", "size", "time"]);
    for phase in &summary.phases {
        table.add_row(row(&phase.name, phase.objects, phase.rows, phase.bytes, phase.seconds));
    }
    let sum = |of: fn(&pg_replicate::PhaseSummary) -> u64| summary.phases.iter().map(of).sum();
    let seconds = summary.phases.iter().map(|phase| phase.seconds).sum();
    table.add_row(row("total", sum(|p| p.objects), sum(|p| p.rows), sum(|p| p.bytes), seconds));
    table.to_string()
}

fn row(name: &str, objects: u64, rows: u64, bytes: u64, seconds: f64) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        Cell::new(name),
        right(count(objects)),
        right(count(rows)),
        right(size(bytes)),
        right(duration(seconds)),
    ]
}

/// A number with a space between thousands; nothing for zero, so that the table stays readable.
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

/// Bytes in binary units, for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    if bytes == 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Seconds as `4.2 s`, `3 min 20 s` or `1 h 27 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
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

#[cfg(test)]
mod tests {
    use pg_replicate::PhaseSummary;

    use super::*;

    #[test]
    fn a_summary_is_a_table_with_sums() {
        let phase = |name: &str, objects, rows, bytes, seconds| PhaseSummary {
            name: name.into(),
            objects,
            rows,
            bytes,
            seconds,
        };
        let summary = Summary {
            phases: vec![
                phase("backup", 15, 0, 483_000_000, 51.04),
                phase("restore", 120, 11_060_000, 0, 9_041.6),
            ],
        };
        insta::assert_snapshot!(render(&summary));
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(4.24), "4.2 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(5262.0), "1 h 27 min");
    }
}
