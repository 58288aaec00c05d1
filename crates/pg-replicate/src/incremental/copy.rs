//! Copies tables in one transaction of the target.

use super::key::quote_literal;
use super::table::{TablePlan, Work, last_key};
use super::transfer::{self, Copied};
use super::units::Unit;
use super::{deletes, merge, new_columns};
use crate::Error;
use crate::connection::Connection;
use crate::identifier::quote_identifier;
use crate::target_settings::COMPRESS_BY_LZ4;

/// Told of a table, first that it is in work, then each chunk that was read of it, in bytes.
pub(super) type Report<'a> = &'a (dyn Fn(&TablePlan, u64) + Sync);

/// Copies the tables of a unit in one transaction of the target, and answers what was copied of each.
pub(super) async fn unit(
    source: &Connection,
    target: &Connection,
    unit: &Unit,
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
    for plan in &unit.plans {
        new_columns::add(target, &plan.table, &plan.new_columns).await?;
    }
    let mut deleted = vec![0; unit.plans.len()];
    let mut copied = Vec::new();
    if !unit.deletes_last {
        delete(source, target, unit, &mut deleted, report).await?;
    }
    for plan in &unit.plans {
        let table = &plan.table;
        log_before(plan);
        tracing::info!(table_name = %table, "Start COPY FROM/TO through STDIN/OUT");
        report(plan, 0);
        let report = |bytes| report(plan, bytes);
        copied.push(match &plan.work {
            Work::Append(condition) => {
                append(source, target, plan, condition.as_deref(), &report).await?
            }
            Work::Merge(merge) => merge::table(source, target, plan, merge, &report).await?,
        });
    }
    if unit.deletes_last {
        delete(source, target, unit, &mut deleted, report).await?;
    }
    for plan in &unit.plans {
        new_columns::complete(target, &plan.table, &plan.new_columns).await?;
    }
    let mut last = Vec::new();
    for plan in &unit.plans {
        last.push(last_key(target, &plan.table, &plan.key).await?);
    }
    execute("COMMIT", "commit the copy of").await?;
    // setval knows no transaction: done before the commit it would stay after a rollback. Missed in
    // between, the next run mends it, for it reads the table.
    for plan in &unit.plans {
        move_sequences(target, plan).await?;
    }
    for (number, (plan, last)) in unit.plans.iter().zip(last).enumerate() {
        let after = TablePlan { last, ..plan.clone() }.last_text();
        log_done(plan, &after, copied[number].rows, deleted[number]);
    }
    Ok(copied)
}

/// Deletes, from tables that refer to others to those that are referred to.
async fn delete(
    source: &Connection,
    target: &Connection,
    unit: &Unit,
    deleted: &mut [u64],
    report: Report<'_>,
) -> Result<(), Error> {
    for (plan, deleted) in unit.plans.iter().zip(deleted).rev() {
        if plan.deletes() {
            report(plan, 0);
            *deleted = deletes::table(source, target, plan, &|bytes| report(plan, bytes)).await?;
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
    transfer::rows(source, target, &plan.table, &query, &into, plan.is_binary, report).await
}

/// Dashboards compare the ids as numbers, where they are numbers.
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

/// Moves each sequence of the table's columns to its column's largest value, never back.
async fn move_sequences(target: &Connection, plan: &TablePlan) -> Result<(), Error> {
    const SQL: &str = include_str!("../../sql/owned_sequences.sql");
    let failed = |error| target.error(format!("move the sequences of {}", plan.table), &error);
    let rows = target.query(SQL, &[&plan.table.schema, &plan.table.name]).await.map_err(failed)?;
    for row in rows {
        let (sequence, column): (String, String) = (row.get("sequence"), row.get("column"));
        let sql = format!(
            "SELECT pg_catalog.setval({}, last) FROM (SELECT max({}) AS last FROM {}) AS t \
             WHERE last > (SELECT last_value FROM {sequence})",
            quote_literal(&sequence),
            quote_identifier(&column),
            plan.table.quoted(),
        );
        target.batch_execute(&sql).await.map_err(failed)?;
    }
    Ok(())
}
