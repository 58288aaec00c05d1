//! Report of what has changed in the source's tables since they were copied.

use std::fmt;

use serde::Serialize;

use crate::TableName;

/// What the next full copy changes in the target's tables, and what of others that touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DriftReport {
    /// New, gone and changed tables and columns, by name.
    pub changes: Vec<Change>,
    /// Rules of `BACKUP_MODE` that are touched.
    pub rules: Vec<TouchedRule>,
}

/// A table or a column that differs between source and target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The table or view.
    #[serde(serialize_with = "as_text")]
    pub table: TableName,
    /// Its column; `None` if the whole table is new or gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What happened.
    pub change: ChangeKind,
    /// The column's type on the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The column's type on the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Objects of other roles on the target that need it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<User>,
}

/// What happened to a table or a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Only the source has it.
    New,
    /// Only the target has it.
    Gone,
    /// Its type, its nullability or whether it is generated.
    Changed,
}

/// An object of another role on the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Such as `view reports.totals`.
    pub object: String,
    /// Its owner.
    pub owner: String,
    /// Whether it cannot be created again; after a change of type, it may or may not.
    pub breaks: bool,
}

/// A rule of `BACKUP_MODE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TouchedRule {
    /// Its table.
    #[serde(serialize_with = "as_text")]
    pub table: TableName,
    /// What is wrong, or has changed.
    pub reason: String,
    /// Whether the copy is refused.
    pub breaks: bool,
}

fn as_text<S: serde::Serializer>(table: &TableName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(table)
}

impl DriftReport {
    /// Whether nothing has changed and no rule is touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.rules.is_empty()
    }

    /// Whether an object of another role or a rule breaks.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.rules.iter().any(|rule| rule.breaks) || self.changes.iter().any(Change::breaks)
    }

    /// Without the tables that only the target has and that another step of a run makes.
    #[must_use]
    pub fn without_gone(mut self, is_made: impl Fn(&TableName) -> bool) -> Self {
        self.changes.retain(|one| one.change != ChangeKind::Gone || !is_made(&one.table));
        self
    }

    /// Logs the changes, a warning for each that breaks something. Nothing if there are none.
    pub fn log(&self) {
        if self.is_empty() {
            return;
        }
        tracing::info!("The source has changed since it was copied: {self}");
        for change in &self.changes {
            let (table, column) = (change.table.to_string(), change.column.as_deref());
            if change.breaks() {
                tracing::warn!(table, column, "{change}");
            } else {
                tracing::info!(table, column, "{change}");
            }
        }
        for rule in &self.rules {
            let table = rule.table.to_string();
            if rule.breaks {
                tracing::warn!(table, "{}", rule.reason);
            } else {
                tracing::info!(table, "{}", rule.reason);
            }
        }
    }
}

impl Change {
    /// Whether an object of another role breaks.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.used_by.iter().any(|user| user.breaks)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(formatter, "column \"{column}\" of table \"{}\" ", self.table)?,
            None => write!(formatter, "table \"{}\" ", self.table)?,
        }
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(formatter, "is new: {after}")?,
            (Some(before), None) => write!(formatter, "is gone: it was {before}")?,
            (Some(before), Some(after)) => write!(formatter, "was {before} and is now {after}")?,
            (None, None) => write!(formatter, "is {}", self.change)?,
        }
        for (number, user) in self.used_by.iter().enumerate() {
            write!(formatter, "{}{user}", if number == 0 { "; needed by " } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (of role {})", self.object, self.owner)
    }
}

/// A summary in one sentence.
impl fmt::Display for DriftReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        let mut part = |formatter: &mut fmt::Formatter<'_>, number: usize, what: &str| {
            let plural = if number == 1 { "" } else { "s" };
            match number {
                0 => Ok(()),
                _ if std::mem::take(&mut is_first) => write!(formatter, "{number} {what}{plural}"),
                _ => write!(formatter, ", {number} {what}{plural}"),
            }
        };
        for change in [ChangeKind::New, ChangeKind::Gone, ChangeKind::Changed] {
            let of = |is_column: bool| {
                let is_one =
                    |one: &&Change| one.change == change && one.column.is_some() == is_column;
                self.changes.iter().filter(is_one).count()
            };
            part(formatter, of(false), &format!("{change} table"))?;
            part(formatter, of(true), &format!("{change} column"))?;
        }
        part(formatter, self.rules.len(), "touched rule")?;
        if is_first {
            formatter.write_str("no changes")?;
        }
        let users = self.changes.iter().flat_map(|change| &change.used_by);
        let broken: std::collections::BTreeSet<&str> =
            users.filter(|user| user.breaks).map(|user| user.object.as_str()).collect();
        if !broken.is_empty() {
            let plural = if broken.len() == 1 {
                " of another role breaks"
            } else {
                "s of other roles break"
            };
            write!(formatter, "; {} object{plural}", broken.len())?;
        }
        match self.rules.iter().filter(|rule| rule.breaks).count() {
            0 => Ok(()),
            1 => formatter.write_str("; 1 rule breaks"),
            rules => write!(formatter, "; {rules} rules break"),
        }
    }
}
