//! Detection and deletion of rows that no longer exist on the source.

use super::ranges::Ranges;
use super::table_plan::TablePlan;
use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::copy::copy_query;

/// The source's keys of one range.
const KEYS: &str = "pg_temp.pg_replicate_keys";

/// Finds rows whose key does not exist on the source, and returns the name of a temporary table with their
/// keys: they are deleted in one statement, because rows of a table may refer to each other. `number`: the
/// table's number in its transaction.
pub(super) async fn find(
    source: &Connection,
    target: &Connection,
    plan: &TablePlan,
    number: usize,
    report: &(dyn Fn(u64) + Sync),
) -> Result<String, Error> {
    let (key, names) = (&plan.key, plan.key.names());
    let (on_source, on_target) = (&plan.on_source, &plan.on_target);
    let failed = |error| {
        target.error(format!("find rows of {} that the source does not have", plan.table), &error)
    };
    let gone = format!("pg_temp.pg_replicate_gone_{number}");
    let create = |name: &str| {
        format!(
            "DROP TABLE IF EXISTS {name}; CREATE TEMPORARY TABLE {} ON COMMIT DROP \
             AS SELECT {names} FROM {on_target} WITH NO DATA;",
            name.trim_start_matches("pg_temp."),
        )
    };
    target.batch_execute(&(create(KEYS) + &create(&gone))).await.map_err(failed)?;
    let mut ranges = Ranges::new(source, target, plan, None).await?;
    while let Some(range) = ranges.next_different().await? {
        let condition = range.condition(key);
        target.batch_execute(&format!("TRUNCATE {KEYS}")).await.map_err(failed)?;
        let query =
            format!("SELECT {names} FROM {on_source} WHERE {}", plan.let_through(&condition));
        let into = format!("{KEYS} ({names})");
        copy_query(source, target, &plan.table, &query, &into, plan.is_binary, report).await?;
        let find = format!(
            "INSERT INTO {gone} SELECT {names} FROM {on_target} AS there WHERE {condition} \
             AND NOT EXISTS (SELECT FROM {KEYS} AS here WHERE {})",
            key.equal("here", "there")
        );
        target.batch_execute(&find).await.map_err(failed)?;
    }
    Ok(gone)
}

/// Deletes the rows whose keys are in the table `gone`, and returns their number.
pub(super) async fn delete(
    target: &Connection,
    plan: &TablePlan,
    gone: &str,
) -> Result<u64, Error> {
    let delete = format!(
        "DELETE FROM {} AS there USING {gone} AS gone WHERE {}",
        plan.on_target,
        plan.key.equal("gone", "there")
    );
    target.execute(&delete, &[]).await.map_err(|error| {
        target.error(format!("delete rows of {} that the source does not have", plan.table), &error)
    })
}
