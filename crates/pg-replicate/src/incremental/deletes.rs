//! Rows that the source no longer has.

use super::ranges::Ranges;
use super::table::TablePlan;
use super::transfer;
use crate::Error;
use crate::connection::Connection;

/// The source's keys of one range.
const KEYS: &str = "pg_temp.pg_replicate_keys";

/// The keys of the rows that must go. They go in one statement at the end, for rows of a table may
/// refer to each other.
const GONE: &str = "pg_temp.pg_replicate_gone";

/// Deletes the rows whose key the source does not have, and answers how many.
pub(super) async fn table(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    report: &(dyn Fn(u64) + Sync),
) -> Result<u64, Error> {
    let (table, key, names) = (plan.table.quoted(), &plan.key, plan.key.names());
    let failed = |error| {
        target.error(format!("delete rows of {} that the source does not have", plan.table), &error)
    };
    let create = |name: &str| {
        format!(
            "DROP TABLE IF EXISTS {name}; CREATE TEMPORARY TABLE {} ON COMMIT DROP \
             AS SELECT {names} FROM {table} WITH NO DATA;",
            name.trim_start_matches("pg_temp."),
        )
    };
    target.batch_execute(&(create(KEYS) + &create(GONE))).await.map_err(failed)?;
    let mut ranges = Ranges::new(source, target, plan, None).await?;
    while let Some(range) = ranges.next_different().await? {
        let condition = range.condition(key);
        target.batch_execute(&format!("TRUNCATE {KEYS}")).await.map_err(failed)?;
        let query = format!("SELECT {names} FROM {table} WHERE {}", plan.on_source(&condition));
        let into = format!("{KEYS} ({names})");
        transfer::rows(source, target, &plan.table, &query, &into, plan.is_binary, report).await?;
        let find = format!(
            "INSERT INTO {GONE} SELECT {names} FROM {table} AS there WHERE {condition} \
             AND NOT EXISTS (SELECT FROM {KEYS} AS here WHERE {})",
            key.equal("here", "there")
        );
        target.batch_execute(&find).await.map_err(failed)?;
    }
    let delete = format!(
        "DELETE FROM {table} AS there USING {GONE} AS gone WHERE {}",
        key.equal("gone", "there")
    );
    target.execute(&delete, &[]).await.map_err(failed)
}
