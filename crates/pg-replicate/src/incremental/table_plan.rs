//! How one table is copied.

use super::key::{Key, KeyValue};
use super::new_columns::NewColumn;
use crate::TableName;

/// How one table is copied.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    pub(super) table: TableName,
    /// What stands behind FROM for its own rows, on either side.
    pub(super) on_source: String,
    pub(super) on_target: String,
    /// The columns that are written, quoted.
    pub(super) columns: Vec<String>,
    /// Those of them that no UPDATE of the target may set.
    pub(super) fixed: Vec<String>,
    /// What is read for them: their names, or the expressions of the table's rule.
    pub(super) select_list: String,
    /// Rows of the source that do not meet it count as absent.
    pub(super) filter: Option<String>,
    pub(super) key: Key,
    /// The largest key on the target; nothing when the table is empty there.
    pub(super) last: Option<KeyValue>,
    pub(super) work: WriteMethod,
    /// Those that the target gets first.
    pub(super) new_columns: Vec<NewColumn>,
    pub(super) is_binary: bool,
    /// What copying the whole table would cost; says which table to begin with.
    pub(super) weight: u64,
}

/// What is done with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteMethod {
    /// The rows that meet the condition go straight into the table; without one, all of them.
    Append(Option<String>),
    /// They go through a staging table, for the target may have some of them.
    Merge(Merge),
}

/// How rows of which the target may have some are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    /// Which rows are read; without a condition, all of them.
    pub(super) condition: Option<String>,
    /// Whether a row that is there is changed, or left as it is.
    pub(super) updates: bool,
    /// Whether keys up to the target's last are compared, and rows that it misses read too.
    pub(super) fills_gaps: bool,
    /// Whether rows that the source does not have are deleted.
    pub(super) deletes: bool,
}

impl TablePlan {
    /// The columns that are written, with commas.
    pub(super) fn column_list(&self) -> String {
        self.columns.join(", ")
    }

    /// How rows of the source that meet `condition` are read.
    pub(super) fn query(&self, condition: Option<&str>) -> String {
        let condition = condition.map(|text| self.let_through(text)).or_else(|| self.filter());
        let condition = condition.map(|text| format!(" WHERE {text}")).unwrap_or_default();
        format!("SELECT {} FROM {}{condition}", self.select_list, self.on_source)
    }

    /// `condition` on the source, where rows count that the table's rule lets through.
    pub(super) fn let_through(&self, condition: &str) -> String {
        match self.filter() {
            Some(filter) => format!("{filter} AND ({condition})"),
            None => condition.to_owned(),
        }
    }

    fn filter(&self) -> Option<String> {
        self.filter.as_ref().map(|filter| format!("({filter})"))
    }

    /// Whether rows of it are deleted.
    pub(super) fn deletes(&self) -> bool {
        matches!(&self.work, WriteMethod::Merge(merge) if merge.deletes)
    }

    /// The largest key on the target, for people.
    pub(super) fn last_text(&self) -> String {
        self.last.as_ref().map_or_else(|| "none".to_owned(), |last| last.join(", "))
    }
}
