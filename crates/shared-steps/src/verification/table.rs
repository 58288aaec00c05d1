//! Result of a comparison of two databases, for people.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use pg_replicate::verify::{Outcome, TableReport, VerifyReport};

/// Every table with the rows of both sides and the result, and a summary line.
#[must_use]
pub fn render(report: &VerifyReport) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["table", "source rows", "target rows", "result", "time"]);
    for one in &report.tables {
        table.add_row(row(one));
    }
    let mut text = if report.tables.is_empty() { String::new() } else { format!("{table}\n") };
    let (all, differing) = (report.compared(), report.differing().count());
    let tables = if all == 1 { "1 table" } else { &format!("{all} tables") };
    let _ = match differing {
        0 => write!(text, "{tables} compared, no difference"),
        1 => write!(text, "{tables} compared, 1 differs"),
        _ => write!(text, "{tables} compared, {differing} differ"),
    };
    for (number, what) in [
        (report.allowed().count(), "not the same, as the mode in BACKUP_MODE allows"),
        (report.hidden().count(), "not compared: row security hides the rows"),
    ] {
        if number > 0 {
            let _ = write!(text, "; {number} {what}");
        }
    }
    text
}

fn row(table: &TableReport) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let seconds = table.milliseconds as f64 / 1000.0;
    vec![
        Cell::new(&table.table),
        right(table.source.rows.to_string()),
        right(table.target.map(|target| target.rows.to_string()).unwrap_or_default()),
        Cell::new(result(table)),
        right(format!("{seconds:.1} s")),
    ]
}

fn result(table: &TableReport) -> String {
    match table.outcome {
        Outcome::Equal => "equal".into(),
        Outcome::HiddenRows => "hidden by row-level security on the target".into(),
        Outcome::Unlogged => "unlogged, which a standby has no rows of".into(),
        Outcome::MissingTable => "not on the target".into(),
        Outcome::MissingColumns => {
            format!("without {} on the target", table.missing_columns.join(", "))
        }
        Outcome::MayDiffer => "not the same, as its mode allows".into(),
        Outcome::Different if table.target.is_some_and(|it| it.rows == table.source.rows) => {
            "the content differs".into()
        }
        Outcome::Different => "the rows differ".into(),
    }
}

#[cfg(test)]
mod tests {
    use pg_replicate::verify::Content;

    use super::*;

    #[test]
    fn what_differs_is_seen() {
        let table = |name: &str, outcome, target: Option<u64>| TableReport {
            table: name.into(),
            outcome,
            missing_columns: Vec::new(),
            source: Content { rows: 1200, hash: None },
            target: target.map(|rows| Content { rows, hash: None }),
            milliseconds: 61_000,
        };
        let mut tables = vec![
            table("answers", Outcome::Different, Some(1200)),
            table("badges", Outcome::Equal, Some(1200)),
            table("stats.totals", Outcome::Different, Some(1199)),
            table("users", Outcome::MissingTable, None),
            table("visits", Outcome::MissingColumns, Some(7)),
        ];
        tables[4].missing_columns = vec!["at".into(), "by".into()];
        let mut report = VerifyReport { tables, summary: progress::Summary::default() };
        insta::assert_snapshot!(render(&report));
        report.tables.retain(|table| table.outcome == Outcome::Equal);
        assert!(render(&report).ends_with("\n1 table compared, no difference"));
        let (allowed, hidden) = (Outcome::MayDiffer, Outcome::HiddenRows);
        report.tables.extend([table("kept", allowed, Some(7)), table("secret", hidden, None)]);
        assert!(render(&report).ends_with(
            "\n2 tables compared, no difference; 1 not the same, as the mode in BACKUP_MODE allows; \
             1 not compared: row security hides the rows"
        ));
        report.tables.clear();
        assert_eq!(render(&report), "0 tables compared, no difference");
    }
}
