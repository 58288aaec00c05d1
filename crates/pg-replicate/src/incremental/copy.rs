//! Copy of tables in one transaction of the target.

use std::time::Duration;

use super::fired::Writes;
use super::table::last_key;
use super::table_plan::{TablePlan, WriteMethod};
use super::{deletes, fired, merge, new_columns, sequences};
use crate::Error;
use crate::incremental::transaction_groups::TransactionGroup;
use crate::postgres::connection::Connection;
use crate::postgres::copy::{Copied, copy_query};
use crate::postgres::target_settings::COMPRESS_BY_LZ4;
use crate::postgres::triggers;

/// Time limit for a rollback before the connection is closed without it.
const UNDO_LIMIT: Duration = Duration::from_secs(2);

/// Called for a table, first when it is started, then for each chunk read, with its bytes.
pub(super) type Report<'a> = &'a (dyn Fn(&TablePlan, u64) + Sync);

/// Copies the tables of a group in one transaction of the target, and returns what was copied of each.
pub(super) async fn unit(
    source: &Connection,
    target: &Connection,
    unit: &TransactionGroup,
    report: Report<'_>,
) -> Result<Vec<Copied>, Error> {
    let result = in_transaction(source, target, unit, report).await;
    if result.is_err() {
        // Closing the connection would do this too, but later: the locks must have been released when this
        // returns.
        let _ = tokio::time::timeout(UNDO_LIMIT, target.batch_execute("ROLLBACK")).await;
    }
    result
}

async fn in_transaction(
    source: &Connection,
    target: &Connection,
    unit: &TransactionGroup,
    report: Report<'_>,
) -> Result<Vec<Copied>, Error> {
    let names: Vec<String> = unit.plans.iter().map(|plan| plan.table.to_string()).collect();
    let names = names.join(", ");
    let execute = async |sql: &str, action: &str| {
        target
            .batch_execute(sql)
            .await
            .map_err(|error| target.error(format!("{action} {names}"), &error))
    };
    execute("BEGIN", "begin the copy of").await?;
    execute(COMPRESS_BY_LZ4, "set the compression for").await?;
    let tables = unit.plans.iter().map(|plan| &plan.table);
    let triggers = fired::find(target, tables, Writes::of_plans(&unit.plans)).await?;
    triggers::disable(target, &triggers).await?;
    for plan in &unit.plans {
        new_columns::add(target, &plan.table, &plan.new_columns).await?;
    }
    let mut deleted = vec![0; unit.plans.len()];
    let mut copied = Vec::new();
    let gone = find_gone(source, target, unit, report).await?;
    if !unit.deletes_last {
        delete(target, unit, &gone, &mut deleted).await?;
    }
    for (plan, gone) in unit.plans.iter().zip(&gone) {
        let table = &plan.table;
        log_before(plan);
        tracing::info!(table_name = %table, "Start COPY FROM/TO through STDIN/OUT");
        report(plan, 0);
        let report = |bytes| report(plan, bytes);
        copied.push(match &plan.work {
            WriteMethod::Append(condition) => {
                append(source, target, plan, condition.as_deref(), &report).await?
            }
            WriteMethod::Merge(merge) => {
                let has_rules =
                    triggers.iter().any(|one| one.is_rule() && one.table_name == *table);
                let gone = gone.as_deref();
                merge::table(source, target, plan, merge, gone, has_rules, &report).await?
            }
        });
    }
    if unit.deletes_last {
        delete(target, unit, &gone, &mut deleted).await?;
    }
    // A table with pending deferred checks cannot be altered.
    execute("SET CONSTRAINTS ALL IMMEDIATE", "check the foreign keys of").await?;
    for plan in &unit.plans {
        new_columns::complete(target, &plan.table, &plan.new_columns).await?;
    }
    triggers::restore(target, &triggers).await?;
    let (mut last, mut moves) = (Vec::new(), Vec::new());
    for plan in &unit.plans {
        last.push(last_key(target, &plan.table, &plan.on_target, &plan.key).await?);
        moves.extend(sequences::moves(target, plan).await?);
    }
    execute("COMMIT", "commit the copy of").await?;
    sequences::apply(target, &moves).await?;
    for (number, (plan, last)) in unit.plans.iter().zip(last).enumerate() {
        let after = TablePlan { last, ..plan.clone() }.last_text();
        log_done(plan, &after, copied[number].rows, deleted[number]);
    }
    Ok(copied)
}

/// For each table of the group, the table with the keys of the rows to delete.
async fn find_gone(
    source: &Connection,
    target: &Connection,
    unit: &TransactionGroup,
    report: Report<'_>,
) -> Result<Vec<Option<String>>, Error> {
    let mut gone = Vec::new();
    for (number, plan) in unit.plans.iter().enumerate() {
        gone.push(if plan.deletes() {
            report(plan, 0);
            let report = |bytes| report(plan, bytes);
            Some(deletes::find(source, target, plan, number, &report).await?)
        } else {
            None
        });
    }
    Ok(gone)
}

/// Deletes rows, in referring tables before referenced ones.
async fn delete(
    target: &Connection,
    unit: &TransactionGroup,
    gone: &[Option<String>],
    deleted: &mut [u64],
) -> Result<(), Error> {
    for ((plan, gone), deleted) in unit.plans.iter().zip(gone).zip(deleted).rev() {
        if let Some(gone) = gone {
            *deleted = deletes::delete(target, plan, gone).await?;
        }
    }
    Ok(())
}

fn log_done(plan: &TablePlan, last: &str, rows: u64, deleted: u64) {
    let table = &plan.table;
    log_after(plan, last);
    tracing::info!(
        table_name = %table,
        total_records_replicated = rows,
        "Total of {table} imported {rows}"
    );
    if plan.deletes() {
        tracing::info!(
            table_name = %table,
            total_records_deleted = deleted,
            "Total of {table} deleted {deleted}"
        );
    }
}

async fn append(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    condition: Option<&str>,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let (table, columns) = (plan.table.quoted(), plan.column_list());
    let query = plan.query(condition);
    let into = format!("{table} ({columns})");
    copy_query(source, target, &plan.table, &query, &into, plan.is_binary, report).await
}

/// Dashboards compare ids as numbers, if they are numbers.
fn log_before(plan: &TablePlan) {
    let (table, before) = (&plan.table, plan.last_text());
    match before.parse::<i64>() {
        Ok(number) => tracing::info!(
            table_name = %table,
            last_record_index_before_replication = number,
            "{table} last record index target {before}"
        ),
        Err(_) => tracing::info!(
            table_name = %table,
            last_record_index_before_replication = before,
            "{table} last record index target {before}"
        ),
    }
}

fn log_after(plan: &TablePlan, after: &str) {
    let (table, before) = (&plan.table, plan.last_text());
    match (before.parse::<i64>(), after.parse::<i64>()) {
        (Ok(before), Ok(number)) => tracing::info!(
            table_name = %table,
            last_record_index_before_replication = before,
            last_record_index_after_replication = number,
            "{table} last record index target after replication {after}"
        ),
        _ => tracing::info!(
            table_name = %table,
            last_record_index_before_replication = before,
            last_record_index_after_replication = after,
            "{table} last record index target after replication {after}"
        ),
    }
}
