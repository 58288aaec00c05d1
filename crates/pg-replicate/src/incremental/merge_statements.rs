//! Statements that write the rows of the staging table.

use super::table_plan::{Merge, TablePlan};
use crate::postgres::connection::Connection;

/// Dropped at the end of the transaction. The name is unambiguous, because the search path is empty.
pub(super) const STAGING: &str = "pg_temp.pg_replicate_staging";

/// How the rows of the staging table are written.
pub(super) struct Statements {
    /// Inserts new rows, and updates those that differ, if the mode requires it.
    writes: Vec<String>,
    /// Whether the rows `here` and `there` differ; `None` if existing rows are left unchanged.
    pub(super) different: Option<String>,
}

/// Whether the rows `there` and `new` are not identical byte for byte. Without the casts, the operator
/// would be looked up column by column.
pub(super) fn differ_in(columns: &[&String], new: &str) -> String {
    let list = |row: &str| {
        columns.iter().map(|name| format!("{row}.{name}")).collect::<Vec<_>>().join(", ")
    };
    format!("ROW({})::record OPERATOR(pg_catalog.*<>) ROW({})::record", list("there"), list(new))
}

impl Statements {
    /// Writes the rows, and returns their number.
    pub(super) async fn execute(&self, target: &Connection) -> Result<u64, tokio_postgres::Error> {
        let mut rows = 0;
        for write in &self.writes {
            rows += target.execute(write, &[]).await?;
        }
        Ok(rows)
    }

    /// A row that is identical byte for byte is not written again, which would only bloat the table. The
    /// key is written too, because equal values need not be identical: `1.0` and `1.00`, values of citext.
    pub(super) fn new(plan: &TablePlan, merge: &Merge, has_rules: bool) -> Self {
        let (table, rows) = (plan.table.quoted(), &plan.on_target);
        let (columns, key) = (plan.column_list(), plan.key.names());
        let all: Vec<&String> = plan.columns.iter().collect();
        let differ = |new: &str| differ_in(&all, new);
        let settable = || plan.columns.iter().filter(|name| !plan.fixed.contains(name));
        let updates = merge.updates && settable().next().is_some();
        let set = |new: &str| {
            settable().map(|name| format!("{name} = {new}.{name}")).collect::<Vec<_>>().join(", ")
        };
        let insert = format!(
            "INSERT INTO {table} AS there ({columns}) OVERRIDING SYSTEM VALUE \
             SELECT {columns} FROM {STAGING} AS here"
        );
        let is_there = plan.key.equal("here", "there");
        let mut writes = Vec::new();
        if has_rules {
            // With a rule ON UPDATE, even a disabled one, the server does not support ON CONFLICT.
            if updates {
                writes.push(format!(
                    "UPDATE {rows} AS there SET {} FROM {STAGING} AS here WHERE {is_there} AND {}",
                    set("here"),
                    differ("here")
                ));
            }
            writes.push(format!(
                "{insert} WHERE NOT EXISTS (SELECT FROM {rows} AS there WHERE {is_there})"
            ));
        } else if updates {
            writes.push(format!(
                "{insert} ON CONFLICT ({key}) DO UPDATE SET {} WHERE {}",
                set("EXCLUDED"),
                differ("EXCLUDED")
            ));
        } else {
            writes.push(format!("{insert} ON CONFLICT ({key}) DO NOTHING"));
        }
        Self { writes, different: updates.then(|| differ("here")) }
    }
}
