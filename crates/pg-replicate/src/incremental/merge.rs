//! Rows of which the target may have some, through a staging table.

use super::ranges::Ranges;
use super::table::{Merge, TablePlan};
use super::transfer::{self, Copied};
use crate::Error;
use crate::connection::Connection;

/// Gone with the transaction. No other name can be meant: the search path is empty.
const STAGING: &str = "pg_temp.pg_replicate_staging";

/// Reads the rows that `merge` chooses, and writes those that the target has not, or has otherwise.
/// Answers the rows written and the bytes read.
pub(super) async fn table(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    merge: &Merge,
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
    let rows = target
        .execute(&insert(plan, merge), &[])
        .await
        .map_err(|error| target.error(format!("write {} on the target", plan.table), &error))?;
    Ok(Copied { rows, bytes })
}

/// A row that is the same to the byte is not written again: it would only make the table swell.
/// Without the casts the operator is looked for column by column.
fn insert(plan: &TablePlan, merge: &Merge) -> String {
    let (table, columns, key) = (plan.table.quoted(), plan.column_list(), plan.key.names());
    let is_key = |name: &&String| plan.key.0.iter().any(|one| one.is_named(name));
    let others: Vec<&String> = plan.columns.iter().filter(|name| !is_key(name)).collect();
    let action = if merge.updates && !others.is_empty() {
        let list = |part: &dyn Fn(&&String) -> String| {
            others.iter().map(part).collect::<Vec<_>>().join(", ")
        };
        format!(
            "UPDATE SET {} WHERE ROW({})::record OPERATOR(pg_catalog.*<>) ROW({})::record",
            list(&|name| format!("{name} = EXCLUDED.{name}")),
            list(&|name| format!("there.{name}")),
            list(&|name| format!("EXCLUDED.{name}")),
        )
    } else {
        "NOTHING".to_owned()
    };
    format!(
        "INSERT INTO {table} AS there ({columns}) OVERRIDING SYSTEM VALUE \
         SELECT {columns} FROM {STAGING} ON CONFLICT ({key}) DO {action}"
    )
}
