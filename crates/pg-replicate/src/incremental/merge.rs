//! Rows of which the target may have some, through a staging table.

use super::ranges::Ranges;
use super::shifts;
use super::table::{Merge, TablePlan};
use super::transfer::{self, Copied};
use crate::Error;
use crate::connection::Connection;

/// Gone with the transaction. No other name can be meant: the search path is empty.
pub(super) const STAGING: &str = "pg_temp.pg_replicate_staging";

/// How the rows of the staging table are written.
pub(super) struct Statements {
    /// Write rows that are new, and those that differ where they shall be changed.
    writes: Vec<String>,
    /// Whether the rows `here` and `there` differ; nothing when rows that are there are left as they are.
    pub(super) different: Option<String>,
}

/// Reads the rows that `merge` chooses, and writes those that the target has not, or has otherwise.
/// Answers the rows written and the bytes read. `gone`: a table with the keys of rows that will be deleted. `has_rules`: whether the table
/// has rules, also such as are switched off.
pub(super) async fn table(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    merge: &Merge,
    gone: Option<&str>,
    has_rules: bool,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let (table, columns) = (plan.table.quoted(), plan.column_list());
    // Types, their modifiers and collations, and no constraints.
    let create = format!(
        "DROP TABLE IF EXISTS {STAGING}; \
         CREATE TEMPORARY TABLE pg_replicate_staging ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
    );
    target.batch_execute(&create).await.map_err(|error| {
        target.error(format!("create a staging table for {}", plan.table), &error)
    })?;
    let into = format!("{STAGING} ({columns})");
    let read = async |query: &str| {
        transfer::rows(source, target, &plan.table, query, &into, plan.is_binary, report).await
    };
    let mut bytes = read(&plan.query(merge.condition.as_deref())).await?.bytes;
    if merge.fills_gaps {
        let mut ranges = Ranges::new(source, target, plan, plan.last.clone()).await?;
        while let Some(range) = ranges.next_different().await? {
            let condition = range.condition(&plan.key);
            bytes += read(&plan.query(Some(&condition))).await?.bytes;
        }
    }
    let statements = Statements::new(plan, merge, has_rules);
    let failed = |error| target.error(format!("write {} on the target", plan.table), &error);
    let savepoint = async |action: &str| {
        target.batch_execute(&format!("{action} pg_replicate")).await.map_err(failed)
    };
    savepoint("SAVEPOINT").await?;
    let rows = match statements.execute(target).await {
        Ok(rows) => rows,
        Err(error) if shifts::is_in_the_way(&error) => {
            savepoint("ROLLBACK TO SAVEPOINT").await?;
            shifts::write(target, plan, &statements, gone, error).await?
        }
        Err(error) => return Err(failed(error)),
    };
    savepoint("RELEASE SAVEPOINT").await?;
    Ok(Copied { rows, bytes })
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

    /// A row that is the same to the byte is not written again: it would only make the table swell.
    /// Without the casts the operator is looked for column by column.
    fn new(plan: &TablePlan, merge: &Merge, has_rules: bool) -> Self {
        let (table, rows) = (plan.table.quoted(), &plan.on_target);
        let (columns, key) = (plan.column_list(), plan.key.names());
        let is_key = |name: &&String| plan.key.0.iter().any(|one| one.is_named(name));
        let others: Vec<&String> = plan.columns.iter().filter(|name| !is_key(name)).collect();
        let list = |part: &dyn Fn(&&String) -> String| {
            others.iter().map(part).collect::<Vec<_>>().join(", ")
        };
        let differ = |new: &str| {
            format!(
                "ROW({})::record OPERATOR(pg_catalog.*<>) ROW({})::record",
                list(&|name| format!("there.{name}")),
                list(&|name| format!("{new}.{name}")),
            )
        };
        let updates = merge.updates && !others.is_empty();
        let set = |new: &str| list(&|name| format!("{name} = {new}.{name}"));
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
