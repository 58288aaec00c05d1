//! Sequences, moved behind the rows of their columns.

use super::table_plan::TablePlan;
use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::{quote_identifier, quote_literal};

const OWNED_SEQUENCES: &str = include_str!("../../sql/owned_sequences.sql");

/// Where a sequence continues.
pub(super) struct Move {
    sequence: String,
    value: i64,
}

/// Where each sequence of the table's columns continues, determined in the transaction that writes the
/// rows, so that an error rolls them back.
///
/// A sequence never moves back, and only as far as it can count: values of its column beyond that cannot
/// come from it. Not ONLY, because inheriting tables take their values from the same sequence.
pub(super) async fn moves(target: &Connection, plan: &TablePlan) -> Result<Vec<Move>, Error> {
    let failed = |error| target.error(format!("look at the sequences of {}", plan.table), &error);
    let table = plan.table.quoted();
    let owned = target
        .query(OWNED_SEQUENCES, &[&plan.table.schema, &plan.table.name])
        .await
        .map_err(failed)?;
    let mut moves = Vec::new();
    for row in owned {
        let sequence: String = row.get("sequence");
        let column = quote_identifier(row.get("column"));
        let (increment, end) = (row.get::<_, i64>("increment"), row.get::<_, i64>("last"));
        if !row.get::<_, bool>("is_ours") {
            tracing::warn!(
                table_name = %plan.table,
                "The sequence {sequence} is left unchanged: the role has no SELECT or no UPDATE on it"
            );
            continue;
        }
        let (farthest, within, beyond) =
            if increment > 0 { ("max", "<=", ">") } else { ("min", ">=", "<") };
        let sql = format!(
            "SELECT pg_catalog.trunc(last::numeric)::bigint AS last, \
               coalesce(last::numeric {beyond}= \
                 last_value::numeric + CASE WHEN is_called THEN {increment} ELSE 0 END, false) AS is_behind, \
               coalesce((SELECT pg_catalog.{farthest}({column}) FROM {table}) {beyond} {end}, false) AS is_short \
             FROM {sequence}, \
               (SELECT pg_catalog.{farthest}({column}) AS last FROM {table} WHERE {column} {within} {end}) AS rows"
        );
        let found = target.query_one(&sql, &[]).await.map_err(failed)?;
        if found.get("is_short") {
            tracing::warn!(
                table_name = %plan.table,
                "The sequence {sequence} ends at {end}, and {column} of {} goes beyond: ALTER SEQUENCE … AS bigint \
                 lets it follow",
                plan.table
            );
        }
        if found.get("is_behind") {
            moves.push(Move { sequence, value: found.get("last") });
        }
    }
    Ok(moves)
}

/// Moves them. setval is not transactional: before the commit, it would survive a rollback. If it is missed
/// in between, the next run does it, because it reads the table.
pub(super) async fn apply(target: &Connection, moves: &[Move]) -> Result<(), Error> {
    for Move { sequence, value } in moves {
        let sql = format!("SELECT pg_catalog.setval({}, {value})", quote_literal(sequence));
        target
            .batch_execute(&sql)
            .await
            .map_err(|error| target.error(format!("move the sequence {sequence}"), &error))?;
    }
    Ok(())
}
