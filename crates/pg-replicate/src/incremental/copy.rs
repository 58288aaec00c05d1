//! Copies tables in one transaction of the target.

use super::key::quote_literal;
use super::merge;
use super::table::{TablePlan, Work, last_key};
use super::transfer::{self, Copied};
use crate::Error;
use crate::connection::Connection;
use crate::identifier::quote_identifier;

/// Copies in one transaction of the target; `report` is told the bytes so far.
pub(super) async fn table(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let table = &plan.table;
    log_before(plan);
    tracing::info!(table_name = %table, "Start COPY FROM/TO through STDIN/OUT");
    let execute = async |sql: &str, action: &str| {
        target
            .batch_execute(sql)
            .await
            .map_err(|error| target.error(format!("{action} {table}"), &error))
    };
    execute("BEGIN", "begin the copy of").await?;
    let copied = match &plan.work {
        Work::Append(condition) => {
            append(source, target, plan, condition.as_deref(), report).await?
        }
        Work::Merge(merge) => merge::table(source, target, plan, merge, report).await?,
    };
    let last = last_key(target, table, &plan.key).await?;
    execute("COMMIT", "commit the copy of").await?;
    // setval knows no transaction: done before the commit it would stay after a rollback. Missed in
    // between, the next run mends it, for it reads the table.
    move_sequences(target, plan).await?;
    log_after(plan, &TablePlan { last, ..plan.clone() }.last_text());
    tracing::info!(
        table_name = %table,
        total_records_replicated = copied.rows,
        "Total of {table} imported {}",
        copied.rows
    );
    Ok(copied)
}

async fn append(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    condition: Option<&str>,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let (table, columns) = (plan.table.quoted(), plan.column_list());
    let condition = condition.map(|text| format!(" WHERE {text}")).unwrap_or_default();
    let query = format!("SELECT {columns} FROM {table}{condition}");
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
