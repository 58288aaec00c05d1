//! Summary tables at the end of a run.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};
use progress::{ObjectSummary, PhaseSummary, Summary};

use pipeline::human::{count, duration, percent, size};

/// Below this width, in columns, the least important columns are left out.
const NARROW: u16 = 72;

/// The phases, and the slowest objects, each with objects, rows, bytes, time and share of the total time.
/// `width` is the terminal's; without one, lines are as long as necessary.
#[must_use]
pub fn render(summary: &Summary, width: Option<u16>) -> String {
    let mut text = phases(summary, width);
    if !summary.slowest.is_empty() {
        text.push_str("\n\n");
        text.push_str(&slowest(summary, width));
    }
    text
}

fn phases(summary: &Summary, width: Option<u16>) -> String {
    let total = summary.total();
    let row = |phase: &PhaseSummary| {
        [
            phase.name.clone(),
            count(phase.objects),
            count(phase.rows),
            size(phase.bytes),
            duration(phase.seconds),
            share(phase.seconds, total.seconds),
        ]
    };
    let is_wide = !is_narrow(width);
    let header = [
        ("phase", true),
        ("objects", is_wide),
        ("rows", true),
        ("size", true),
        ("time", true),
        ("share", is_wide),
    ];
    table(header, summary.phases.iter().chain([&total]).map(row), width)
}

/// Objects run in parallel, so their shares may add up to more than 100 %.
fn slowest(summary: &Summary, width: Option<u16>) -> String {
    let (objects, total) = (&summary.slowest, summary.total().seconds);
    let row = |object: &ObjectSummary| {
        [
            format!("{} {}", object.kind, object.name),
            count(object.rows),
            size(object.bytes),
            duration(object.seconds),
            share(object.seconds, total),
        ]
    };
    let is_wide = !is_narrow(width);
    let header = [
        ("slowest objects", true),
        ("rows", is_wide && objects.iter().any(|object| object.rows > 0)),
        ("size", objects.iter().any(|object| object.bytes > 0)),
        ("time", true),
        ("share", is_wide),
    ];
    table(header, objects.iter().map(row), width)
}

fn is_narrow(width: Option<u16>) -> bool {
    width.is_some_and(|width| width < NARROW)
}

/// A table with the shown columns. Names, in the first column, may be wrapped, numbers not.
fn table<const N: usize>(
    header: [(&str, bool); N],
    rows: impl Iterator<Item = [String; N]>,
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).force_no_tty();
    let shown = |row: [String; N]| {
        let cells = row.into_iter().zip(header).filter(|(_, (_, is_shown))| *is_shown);
        cells.map(|(cell, _)| cell).collect::<Vec<_>>()
    };
    table.set_header(shown(header.map(|(name, _)| name.to_owned())));
    for row in rows {
        table.add_row(shown(row));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.to_string()
}

fn share(seconds: f64, total: f64) -> String {
    percent(if total > 0.0 { 100.0 * seconds / total } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published production run.
    fn night() -> Summary {
        let phase = |name: &str, objects, rows, bytes, seconds| PhaseSummary {
            name: name.into(),
            objects,
            rows,
            bytes,
            seconds,
        };
        let object = |kind: &str, name: &str, rows, bytes, seconds| ObjectSummary {
            kind: kind.into(),
            name: name.into(),
            rows,
            bytes,
            seconds,
        };
        let phases = vec![
            phase("backup", 15, 0, 96_600_000_000, 5_220.0),
            phase("drop", 60, 0, 0, 2.5),
            phase("copy", 1_200, 2_606_000_000, 512_000_000_000, 31_860.0),
            phase("enrichment", 5, 0, 0, 5_940.0),
        ];
        let slowest = vec![
            object(
                "TABLE DATA",
                "public.knowledge-elements",
                1_300_000_000,
                96_000_000_000,
                14_880.0,
            ),
            object(
                "FK CONSTRAINT",
                "public.competence-evaluations competence_evaluations_assessmentid_foreign",
                0,
                0,
                7_841.0,
            ),
            object("INDEX", "public.answers_pkey", 0, 0, 59.2),
        ];
        Summary { phases, slowest, ..Summary::default() }
    }

    #[test]
    fn a_run_is_closed_by_two_tables() {
        insta::assert_snapshot!(render(&night(), None));
    }

    #[test]
    fn a_terminal_of_80_columns() {
        let text = render(&night(), Some(80));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_narrow_terminal() {
        let text = render(&night(), Some(60));
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn columns_that_say_nothing_are_left_out() {
        let mut summary = night();
        summary.slowest.drain(..2);
        let text = render(&summary, None);
        let slowest = text.lines().find(|line| line.contains("slowest")).unwrap();
        assert!(!slowest.contains("rows") && !slowest.contains("size"), "{text}");
        summary.slowest.clear();
        assert!(!render(&summary, None).contains("slowest"));
    }
}
