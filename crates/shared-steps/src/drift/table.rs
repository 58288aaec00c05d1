//! Drift, for people.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use pg_replicate::drift::{Change, ChangeKind, DriftReport, User};

/// Every change with what it touches, the rules, and a summary line.
#[must_use]
pub fn render(report: &DriftReport) -> String {
    let mut text = String::new();
    if !report.changes.is_empty() {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header([
            "table",
            "column",
            "change",
            "on the target",
            "on the source",
            "needed by",
        ]);
        for change in &report.changes {
            table.add_row(row(change));
        }
        let _ = writeln!(text, "{table}");
    }
    for rule in &report.rules {
        let _ = writeln!(
            text,
            "{}{}",
            rule.reason,
            if rule.breaks { ": the copy is refused" } else { "" }
        );
    }
    let _ = write!(text, "{report}");
    text
}

fn row(change: &Change) -> [String; 6] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let user = |user: &User| {
        let breaks = match (user.breaks, change.change) {
            (true, _) => ", breaks",
            (false, ChangeKind::Changed) => ", may break",
            (false, _) => "",
        };
        format!("{user}{breaks}")
    };
    [
        change.table.to_string(),
        text(&change.column),
        change.change.to_string(),
        text(&change.before),
        text(&change.after),
        change.used_by.iter().map(user).collect::<Vec<_>>().join("\n"),
    ]
}

#[cfg(test)]
mod tests {
    use pg_replicate::TableName;
    use pg_replicate::drift::TouchedRule;

    use super::*;

    #[test]
    fn what_breaks_is_seen() {
        let table = TableName::new("public", "users");
        let user =
            |breaks| User { object: "view reports.names".into(), owner: "analyst".into(), breaks };
        let change =
            |column: Option<&str>, change, before: Option<&str>, after: Option<&str>| Change {
                table: table.clone(),
                column: column.map(Into::into),
                change,
                before: before.map(Into::into),
                after: after.map(Into::into),
                used_by: match change {
                    ChangeKind::New => Vec::new(),
                    _ => vec![user(change == ChangeKind::Gone)],
                },
            };
        let mut report = DriftReport {
            changes: vec![
                change(Some("at"), ChangeKind::New, None, Some("date")),
                change(Some("name"), ChangeKind::Gone, Some("text NOT NULL"), None),
                change(Some("size"), ChangeKind::Changed, Some("integer"), Some("bigint")),
                Change {
                    table: TableName::new("stats", "totals"),
                    ..change(None, ChangeKind::New, None, None)
                },
            ],
            rules: vec![TouchedRule {
                table,
                reason: "BACKUP_MODE, table \"users\", \"keep\": the source's table has no column \"name\"".into(),
                breaks: true,
            }],
        };
        insta::assert_snapshot!(render(&report));
        report.changes.clear();
        report.rules.clear();
        assert_eq!(render(&report), "no changes");
    }
}
