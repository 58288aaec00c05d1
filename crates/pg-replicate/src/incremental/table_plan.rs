//! How one table is copied.

use super::key::{Key, KeyValue};
use super::new_columns::NewColumn;
use crate::TableName;

/// How one table is copied.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    pub(super) table: TableName,
    /// The FROM item for its own rows, on both sides.
    pub(super) on_source: String,
    pub(super) on_target: String,
    /// The quoted columns that are written.
    pub(super) columns: Vec<String>,
    /// Those that UPDATE cannot set on the target.
    pub(super) fixed: Vec<String>,
    /// The SQL that is read for them: their names, or the expressions of the table's rule.
    pub(super) select_list: String,
    /// The condition of the table's rule: other rows of the source are treated as missing.
    pub(super) filter: Option<String>,
    pub(super) key: Key,
    /// The largest key on the target; `None` if the table is empty there.
    pub(super) last: Option<KeyValue>,
    pub(super) work: WriteMethod,
    /// Columns that are first added to the target.
    pub(super) new_columns: Vec<NewColumn>,
    pub(super) is_binary: bool,
    /// The cost of copying the whole table, which decides the order of tables.
    pub(super) weight: u64,
}

/// What to do with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteMethod {
    /// Rows that satisfy the condition are copied directly into the table; without a condition, all rows.
    Append(Option<String>),
    /// Rows are copied through a staging table, because the target may already have some of them.
    Merge(Merge),
}

/// How rows are written, some of which the target may already have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    /// Condition for the rows to read; without one, all of them.
    pub(super) condition: Option<String>,
    /// Whether existing rows are updated or left unchanged.
    pub(super) updates: bool,
    /// Whether keys up to the target's last one are compared, and missing rows read too.
    pub(super) fills_gaps: bool,
    /// Whether rows that do not exist on the source are deleted.
    pub(super) deletes: bool,
}

impl TablePlan {
    /// The columns that are written, separated by commas.
    pub(super) fn column_list(&self) -> String {
        self.columns.join(", ")
    }

    /// The query for rows of the source that satisfy `condition`.
    pub(super) fn query(&self, condition: Option<&str>) -> String {
        let condition = condition.map(|text| self.let_through(text)).or_else(|| self.filter());
        let condition = condition.map(|text| format!(" WHERE {text}")).unwrap_or_default();
        format!("SELECT {} FROM {}{condition}", self.select_list, self.on_source)
    }

    /// `condition` on the source, combined with that of the table's rule.
    pub(super) fn let_through(&self, condition: &str) -> String {
        match self.filter() {
            Some(filter) => format!("{filter} AND ({condition})"),
            None => condition.to_owned(),
        }
    }

    fn filter(&self) -> Option<String> {
        self.filter.as_ref().map(|filter| format!("({filter})"))
    }

    /// Whether its rows may be deleted.
    pub(super) fn deletes(&self) -> bool {
        matches!(&self.work, WriteMethod::Merge(merge) if merge.deletes)
    }

    /// The largest key on the target, for people.
    pub(super) fn last_text(&self) -> String {
        self.last.as_ref().map_or_else(|| "none".to_owned(), |last| last.join(", "))
    }
}
