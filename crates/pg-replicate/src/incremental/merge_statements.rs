//! Statements that write the rows of the staging table.

use super::table_plan::{Merge, TablePlan};
use crate::postgres::connection::Connection;

/// Gone with the transaction. No other name can be meant: the search path is empty.
pub(super) const STAGING: &str = "pg_temp.pg_replicate_staging";

/// How the rows of the staging table are written.
pub(super) struct Statements {
    /// Write rows that are new, and those that differ where they shall be changed.
    writes: Vec<String>,
    /// Whether the rows `here` and `there` differ; nothing when rows that are there are left unchanged.
    pub(super) different: Option<String>,
}

/// Whether the rows `there` and `new` are not the same to the byte. Without the casts the operator is looked for column by
/// column.
pub(super) fn differ_in(columns: &[&String], new: &str) -> String {
    let list = |row: &str| {
        columns.iter().map(|name| format!("{row}.{name}")).collect::<Vec<_>>().join(", ")
    };
    format!("ROW({})::record OPERATOR(pg_catalog.*<>) ROW({})::record", list("there"), list(new))
}

impl Statements {
    /// Writes the rows, and answers how many.
    pub(super) async fn execute(&self, target: &Connection) -> Result<u64, tokio_postgres::Error> {
        let mut rows = 0;
        for write in &self.writes {
            rows += target.execute(write, &[]).await?;
        }
        Ok(rows)
    }

    /// A row that is the same to the byte is not written again: it would only make the table swell. Its key is written
    /// too, for what is equal need not be the same: `1.0` and `1.00`, values of citext.
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
            // Where there is a rule ON UPDATE, the server knows no ON CONFLICT, be it switched off or not.
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
