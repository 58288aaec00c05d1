//! What a comparison found.

use std::fmt;

use serde::Serialize;

use crate::fingerprint::content_hash::ContentHash;
use progress::Summary;

/// What a comparison found, table by table, in the order of their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Every table compared.
    pub tables: Vec<TableReport>,
    /// One phase, whose rows are those read on the source.
    pub summary: Summary,
}

impl VerifyReport {
    /// Whether the target holds what the source holds.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing().next().is_none()
    }

    /// The tables that differ, or are not there.
    pub fn differing(&self) -> impl Iterator<Item = &TableReport> {
        let is_good = |outcome| {
            matches!(
                outcome,
                Outcome::Equal | Outcome::HiddenRows | Outcome::MayDiffer | Outcome::Unlogged
            )
        };
        self.tables.iter().filter(move |table| !is_good(table.outcome))
    }

    /// The tables that differ as their mode in `BACKUP_MODE` allows.
    pub fn allowed(&self) -> impl Iterator<Item = &TableReport> {
        self.tables.iter().filter(|table| table.outcome == Outcome::MayDiffer)
    }

    /// How many tables were compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.tables.len() - self.hidden().count()
    }

    /// The tables that could not be compared.
    pub fn hidden(&self) -> impl Iterator<Item = &TableReport> {
        self.tables.iter().filter(|table| table.outcome == Outcome::HiddenRows)
    }
}

/// What was found about one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name, with the schema when that is not `public`.
    pub table: String,
    /// Whether both sides are equal.
    pub outcome: Outcome,
    /// Columns of the source that the target lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_columns: Vec<String>,
    /// What the source holds.
    pub source: Content,
    /// What the target holds, where it was read.
    pub target: Option<Content>,
    /// How long it took.
    pub milliseconds: u64,
}

/// Whether both sides of a table are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They are.
    Equal,
    /// The target holds other rows.
    Different,
    /// The target holds other rows, and the table's mode in `BACKUP_MODE` does not promise the same.
    MayDiffer,
    /// The target has no such table.
    MissingTable,
    /// Not known: policies of row-level security may hide rows of the target from its owner (`FORCE
    /// ROW LEVEL SECURITY`).
    HiddenRows,
    /// Not known: the table is unlogged, and the source is a standby, which has no rows of it.
    Unlogged,
    /// The target's table lacks columns; only the other columns were read.
    MissingColumns,
}

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// How many rows.
    pub rows: u64,
    /// What is in them, unless they were only counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.rows == 1 { "row" } else { "rows" };
        write!(formatter, "{} {plural}", self.rows)?;
        match self.hash {
            Some(hash) => write!(formatter, " ({hash})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TableReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} on the source, ", self.table, self.source)?;
        match (self.outcome, &self.target) {
            (Outcome::MissingTable, _) | (_, None) => {
                formatter.write_str("no such table on the target")
            }
            (Outcome::MissingColumns, Some(target)) => {
                let names: Vec<String> =
                    self.missing_columns.iter().map(|name| format!("\"{name}\"")).collect();
                write!(formatter, "{target} without {} on the target", names.join(", "))
            }
            (_, Some(target)) => write!(formatter, "{target} on the target"),
        }
    }
}

/// Every table that differs; empty when none does.
impl fmt::Display for VerifyReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, table) in self.differing().enumerate() {
            write!(formatter, "{}{table}", if number == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
