//! Report of a comparison.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::fingerprint::content_hash::ContentHash;
use progress::{Compared, Summary};

/// Result of a comparison, table by table, sorted by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Every table compared.
    pub tables: Vec<TableReport>,
    /// One phase, whose rows are those read on the source.
    pub summary: Summary,
}

impl VerifyReport {
    /// Whether the target is equal to the source.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing().next().is_none()
    }

    /// The tables that differ or are missing.
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

    /// The tables that were compared, by name.
    #[must_use]
    pub fn compared_tables(&self) -> BTreeMap<String, Compared> {
        let compared = |table: &TableReport| {
            let is_equal = table.outcome == Outcome::Equal;
            Some((table.table.clone(), Compared { rows: table.target?.rows, is_equal }))
        };
        self.tables.iter().filter_map(compared).collect()
    }

    /// The number of compared tables.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.tables.len() - self.hidden().count()
    }

    /// The tables that could not be compared.
    pub fn hidden(&self) -> impl Iterator<Item = &TableReport> {
        self.tables.iter().filter(|table| table.outcome == Outcome::HiddenRows)
    }
}

/// Result for one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name, with the schema unless that is `public`.
    pub table: String,
    /// Whether both sides are equal.
    pub outcome: Outcome,
    /// Columns of the source that the target lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_columns: Vec<String>,
    /// The content on the source.
    pub source: Content,
    /// The content on the target, if it was read.
    pub target: Option<Content>,
    /// The duration.
    pub milliseconds: u64,
}

/// Whether both sides of a table are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They are.
    Equal,
    /// The target's rows differ.
    Different,
    /// The target's rows differ, and the table's mode in `BACKUP_MODE` does not promise equality.
    MayDiffer,
    /// The target has no such table.
    MissingTable,
    /// Unknown: policies of row-level security may hide rows of the target from its owner (`FORCE ROW LEVEL
    /// SECURITY`).
    HiddenRows,
    /// Unknown: the table is unlogged, and the source is a standby, which does not have its rows.
    Unlogged,
    /// The target's table lacks columns; only the other columns were read.
    MissingColumns,
}

/// Content of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The number of rows.
    pub rows: u64,
    /// Their hash, unless they were only counted.
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

/// Every table that differs; empty if none does.
impl fmt::Display for VerifyReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, table) in self.differing().enumerate() {
            write!(formatter, "{}{table}", if number == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
