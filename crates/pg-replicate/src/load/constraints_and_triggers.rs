//! Constraints and triggers: changes in the transaction before the first row and after the last one.
//!
//! A rollback undoes everything: ALTER SEQUENCE gives a sequence a new file, so that later changes by
//! `setval` are discarded with the transaction too.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::load::catalog::{Catalog, ForeignKey, Sequence};
use crate::load::plan::LoadPlan;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::{quote_identifier, quote_literal};
use crate::postgres::triggers;
use crate::{Error, TableName};

async fn execute(connection: &Connection, action: &str, sql: &str) -> Result<(), Error> {
    if sql.is_empty() {
        return Ok(());
    }
    connection.batch_execute(sql).await.map_err(|error| connection.error(action, &error))
}

/// Disables triggers, defers keys, makes sequences transactional, empties tables.
pub(super) async fn before(
    connection: &Connection,
    catalog: &Catalog,
    plan: &LoadPlan,
) -> Result<(), Error> {
    triggers::disable(connection, &plan.triggers).await?;
    let mut sql = String::new();
    for key in &plan.deferred {
        defer(&mut sql, catalog, key, "DEFERRABLE INITIALLY DEFERRED");
    }
    execute(connection, "defer foreign keys", &sql).await?;
    sql.clear();
    for sequence in &plan.sequences {
        // Keeps its current value, in a new file.
        let (name, increment) = (sequence.quoted(), sequence.increment);
        let _ = writeln!(sql, "ALTER SEQUENCE {name} INCREMENT BY {increment};");
    }
    execute(connection, "bring sequences under the transaction", &sql).await?;
    if !plan.truncated.is_empty() {
        let tables: Vec<String> =
            plan.truncated.iter().map(|table| catalog.quoted(*table)).collect();
        let sql = format!("TRUNCATE {} RESTART IDENTITY CASCADE", tables.join(", "));
        execute(connection, "empty the tables", &sql).await?;
    }
    Ok(())
}

/// Moves sequences behind their columns, except those that a source has `set`; checks keys, and restores
/// keys and triggers.
pub(super) async fn after(
    connection: &Connection,
    catalog: &Catalog,
    plan: &LoadPlan,
    set: &BTreeSet<TableName>,
) -> Result<(), Error> {
    for sequence in plan.followed.iter().filter(|sequence| !set.contains(&sequence.name)) {
        follow(connection, catalog, sequence).await?;
    }
    // A table with pending deferred checks cannot be altered.
    execute(connection, "check the foreign keys", "SET CONSTRAINTS ALL IMMEDIATE").await?;
    let mut sql = String::new();
    for key in &plan.deferred {
        let state = match (key.is_deferrable, key.is_deferred) {
            (false, _) => "NOT DEFERRABLE",
            (true, false) => "DEFERRABLE INITIALLY IMMEDIATE",
            (true, true) => "DEFERRABLE INITIALLY DEFERRED",
        };
        defer(&mut sql, catalog, key, state);
    }
    execute(connection, "bring foreign keys back to their state", &sql).await?;
    triggers::restore(connection, &plan.triggers).await
}

fn defer(sql: &mut String, catalog: &Catalog, key: &ForeignKey, state: &str) {
    let (table, name) = (catalog.quoted(key.table), quote_identifier(&key.name));
    let _ = writeln!(sql, "ALTER TABLE {table} ALTER CONSTRAINT {name} {state};");
}

/// If a row already has a sequence's next value, the application's next row would fail. Rows beyond the
/// sequence's bounds (a serial column that became bigint keeps an integer sequence) got their values from
/// elsewhere.
async fn follow(
    connection: &Connection,
    catalog: &Catalog,
    sequence: &Sequence,
) -> Result<(), Error> {
    let Some((table, column)) = &sequence.owner else { return Ok(()) };
    let (name, increment, (least, most)) = (sequence.quoted(), sequence.increment, sequence.bounds);
    let (table, column) = (catalog.quoted(*table), quote_identifier(column));
    let sql = format!(
        "SELECT pg_catalog.setval({}::pg_catalog.regclass, rows.most) \
         FROM (SELECT max({column})::bigint AS most FROM {table} \
               WHERE {column} BETWEEN {least} AND {most}) AS rows, {name} AS sequence \
         WHERE rows.most >= sequence.last_value::numeric \
           + CASE WHEN sequence.is_called THEN {increment} ELSE 0 END",
        quote_literal(&name)
    );
    let moved = connection
        .query(&sql, &[])
        .await
        .map_err(|error| connection.error(format!("set the sequence {}", sequence.name), &error))?;
    if let Some(row) = moved.first() {
        let value: i64 = row.get(0);
        tracing::info!(sequence = %sequence.name, value, "The source did not set the sequence {}: it continues after {value}", sequence.name);
    }
    Ok(())
}
