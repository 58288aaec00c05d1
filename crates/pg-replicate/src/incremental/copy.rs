//! Copies the new rows of one table.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::CopyInSink;

use super::table::{TablePlan, last_id};
use crate::Error;
use crate::connection::Connection;
use crate::identifier::quote_identifier;

/// Bytes handed to the target at once; a message per row would cost more than the row.
const CHUNK: usize = 64 * 1024;

/// What was copied of one table.
pub(super) struct Copied {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Copies in one transaction of the target; `report` is told the bytes so far.
pub(super) async fn table(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    report: &mut impl FnMut(u64),
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
    let copied = copy_rows(source, target, plan, report).await?;
    let last = last_id(target, table).await?.unwrap_or_default();
    execute("COMMIT", "commit the copy of").await?;
    // setval knows no transaction: done before the commit it would stay after a rollback. Missed in
    // between, the next run mends it, for it reads the table.
    move_sequences(target, plan).await?;
    log_after(plan, &last);
    tracing::info!(
        table_name = %table,
        total_records_replicated = copied.rows,
        "Total of {table} imported {}",
        copied.rows
    );
    Ok(copied)
}

/// Dashboards compare the ids as numbers, where they are numbers.
fn log_before(plan: &TablePlan) {
    let (table, before) = (&plan.table, plan.last_id.as_str());
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
    let (table, before) = (&plan.table, plan.last_id.as_str());
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

async fn copy_rows(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    report: &mut impl FnMut(u64),
) -> Result<Copied, Error> {
    let (table, columns) = (plan.table.quoted(), &plan.columns);
    let format = if plan.is_binary { "binary" } else { "text" };
    let read = format!(
        "COPY (SELECT {columns} FROM {table} WHERE {id} > {last}::{id_type}) TO STDOUT (FORMAT {format})",
        id = quote_identifier("id"),
        last = quote_literal(&plan.last_id),
        id_type = plan.id_type,
    );
    let write = format!("COPY {table} ({columns}) FROM STDIN (FORMAT {format})");
    let read_error = |error| source.error(format!("read {} from the source", plan.table), &error);
    let write_error = |error| target.error(format!("write {} on the target", plan.table), &error);

    let stream = source.copy_out(&read).await.map_err(read_error)?;
    let sink: CopyInSink<Bytes> = target.copy_in(&write).await.map_err(write_error)?;
    let mut stream = std::pin::pin!(stream);
    let mut sink = std::pin::pin!(sink);
    let mut chunk = BytesMut::with_capacity(2 * CHUNK);
    let mut bytes = 0;
    while let Some(data) = stream.next().await {
        let data = data.map_err(read_error)?;
        bytes += data.len() as u64;
        chunk.extend_from_slice(&data);
        if chunk.len() >= CHUNK {
            if sink.send(chunk.split().freeze()).await.is_err() {
                // Why is said at the end.
                break;
            }
            report(bytes);
        }
    }
    if !chunk.is_empty() {
        let _ = sink.send(chunk.freeze()).await;
    }
    let rows = sink.finish().await.map_err(write_error)?;
    report(bytes);
    Ok(Copied { rows, bytes })
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

/// `'text'`, whatever standard_conforming_strings says.
fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        assert_eq!(quote_literal("12"), "'12'");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
    }
}
