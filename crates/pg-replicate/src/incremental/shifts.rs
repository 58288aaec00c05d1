//! Rows that take over values that must be unique: positions that shift by one, two rows that exchange an address, a
//! value that a row to be deleted had.
//!
//! The server looks at a unique index row by row, so that the order of the rows decides whether they may be written. Only
//! when it has refused them, the rows in question get out of each other's way, in one of these ways:
//!
//! 1. In each unique index one column of the rows to be changed or deleted gets a value that no row has: NULL, or one
//!    beyond all others. Then all is written as before.
//! 2. Constraints that can be deferred are looked at in the end.
//! 3. Where no column can have such a value (its type, a CHECK), rows to be changed are deleted and inserted anew. Not
//!    where a foreign key would change other rows with them; the server refuses it where other rows refer to them.

use tokio_postgres::error::SqlState;

use super::merge_statements::{STAGING, Statements};
use super::table_plan::TablePlan;
use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;

const UNIQUE_INDEXES: &str = include_str!("../../sql/incremental/unique_indexes.sql");
const ACTIONS: &str = include_str!("../../sql/incremental/foreign_key_actions.sql");

/// What helps where rows exchange values, and nothing can be done about it here.
const STUCK: &str = "when rows exchange values, the target has to look at them together: make the constraint DEFERRABLE there (one \
     that foreign keys refer to cannot be), or take the table out of BACKUP_MODE, so that it is copied whole";

/// The side of all existing values on which the new ones lie: one beyond the largest may violate an upper
/// limit, and the other way round.
const SIDES: [Side; 2] = [
    Side { outermost: "max", of_both: "greatest", sign: "+" },
    Side { outermost: "min", of_both: "least", sign: "-" },
];

struct Side {
    outermost: &'static str,
    of_both: &'static str,
    sign: &'static str,
}

/// Whether the server refused rows because of existing ones.
pub(super) fn is_in_the_way(error: &tokio_postgres::Error) -> bool {
    let conflicts = [SqlState::UNIQUE_VIOLATION, SqlState::EXCLUSION_VIOLATION];
    error.code().is_some_and(|code| conflicts.contains(code))
}

/// Writes the rows of the staging table after the server has refused them with `refused`. `gone`: a table
/// with the keys of rows that will be deleted.
pub(super) async fn write(
    target: &Connection,
    plan: &TablePlan,
    statements: &Statements,
    gone: Option<&str>,
    refused: tokio_postgres::Error,
) -> Result<u64, Error> {
    let failed = |error| target.error(format!("write {} on the target", plan.table), &error);
    for preparation in preparations(target, plan, statements, gone).await? {
        tracing::debug!(table_name = %plan.table, "{preparation}");
        let attempt = async {
            target.batch_execute(&preparation).await?;
            statements.execute(target).await
        };
        match attempt.await {
            Ok(rows) => return Ok(rows),
            Err(error) if error.as_db_error().is_some() && !error.is_closed() => {
                target.batch_execute("ROLLBACK TO SAVEPOINT pg_replicate").await.map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    // The server's first error explains the problem best.
    let advice = if plan.deletes() {
        ""
    } else {
        "if the row with this value was deleted on the source, \"deletes\": true in BACKUP_MODE deletes it here too; \
         if it was changed there before the cursor's last value, omit the cursor for one run; "
    };
    Err(match failed(refused) {
        Error::Database { action, reason } => {
            let reason = format!("{reason}; {advice}{STUCK}");
            Error::Database { action, reason }
        }
        error => error,
    })
}

/// Whether deleting a row would delete or change rows of other tables.
pub(super) async fn changes_others(target: &Connection, plan: &TablePlan) -> Result<bool, Error> {
    let row = target.query_one(ACTIONS, &[&plan.table.schema, &plan.table.name]).await;
    let row = row.map_err(|error| {
        target.error(format!("read the foreign keys to {}", plan.table), &error)
    })?;
    Ok(row.get("changes_others"))
}

/// Preparations before the rows are written again, one per attempt.
async fn preparations(
    target: &Connection,
    plan: &TablePlan,
    statements: &Statements,
    gone: Option<&str>,
) -> Result<Vec<String>, Error> {
    let failed = |error| target.error(format!("read the unique indexes of {}", plan.table), &error);
    let Some(different) = &statements.different else { return Ok(Vec::new()) };
    let (rows, key) = (&plan.on_target, &plan.key);
    let keys: Vec<&str> = key.0.iter().map(|column| column.name.as_str()).collect();
    let (schema, name) = (&plan.table.schema, &plan.table.name);
    let found = target.query(UNIQUE_INDEXES, &[schema, name, &keys]).await.map_err(failed)?;
    // For each index, the first column that can have a value of its own; a column of two indexes only once.
    let mut columns: Vec<(u32, String, String, String)> = Vec::new();
    for row in &found {
        let (index, Some(kind)) = (row.get("index"), row.get::<_, Option<String>>("kind")) else {
            continue;
        };
        let name = quote_identifier(row.get("name"));
        if plan.columns.contains(&name)
            && columns.iter().all(|(other, column, ..)| *other != index && *column != name)
        {
            columns.push((index, name, row.get("type"), kind));
        }
    }
    let mut preparations = Vec::new();
    let moved = {
        let names = key.names_of("there");
        let mut moved = format!(
            "SELECT {names} FROM {rows} AS there JOIN {STAGING} AS here ON {} WHERE {different}",
            key.equal("here", "there")
        );
        if let Some(gone) = gone {
            moved.push_str(&format!(" UNION ALL SELECT {} FROM {gone}", key.names()));
        }
        format!("SELECT *, row_number() OVER () AS pg_replicate_number FROM ({moved}) AS moved")
    };
    if !columns.is_empty() {
        for side in &SIDES {
            let values = columns.iter().map(|(_, name, sql_type, kind)| {
                format!("{name} = {}", side.value(rows, name, sql_type, kind))
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let condition = key.equal("moved", "there");
            preparations.push(format!(
                "UPDATE {rows} AS there SET {values} FROM ({moved}) AS moved WHERE {condition}"
            ));
        }
    }
    const DEFERRED: &str = "SET CONSTRAINTS ALL DEFERRED";
    preparations.push(DEFERRED.to_owned());
    if !changes_others(target, plan).await? {
        preparations.push(format!(
            "{DEFERRED}; DELETE FROM {rows} AS there USING ({moved}) AS moved WHERE {}",
            key.equal("moved", "there")
        ));
    }
    Ok(preparations)
}

impl Side {
    /// A value that no row has, derived from the row's number.
    fn value(&self, rows: &str, name: &str, sql_type: &str, kind: &str) -> String {
        let Self { outermost, of_both, sign } = self;
        let number = "moved.pg_replicate_number";
        let most = |condition: &str| {
            format!(
                "{of_both}((SELECT pg_catalog.{outermost}({name}) FROM {rows}{condition}), \
                 (SELECT pg_catalog.{outermost}({name}) FROM {STAGING}{condition}))"
            )
        };
        match kind {
            "null" => "NULL".to_owned(),
            "number" => format!("({} {sign} {number})::{sql_type}", most("")),
            "time" => {
                // Nothing is beyond infinity.
                let most = most(&format!(" WHERE pg_catalog.isfinite({name})"));
                format!("({most} {sign} {number} * interval '1 day')::{sql_type}")
            }
            "uuid" => format!(
                "pg_catalog.md5('pg_replicate {outermost}' || {number})::pg_catalog.uuid::{sql_type}"
            ),
            "range" => format!("'empty'::{sql_type}"),
            _ => format!("('~' || {number})::{sql_type}"),
        }
    }
}
