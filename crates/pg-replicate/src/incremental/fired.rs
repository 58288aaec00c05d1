//! Triggers and rules that would fire on the target while rows are written.

use super::table_plan::{TablePlan, WriteMethod};
use crate::postgres::connection::Connection;
use crate::postgres::triggers;
use crate::postgres::triggers::Trigger;
use crate::{Error, TableName, TableRule};

const WRITTEN: &str = include_str!("../../sql/incremental/written.sql");

/// Operations on the rows of some tables.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Writes {
    pub(super) updates: bool,
    pub(super) deletes: bool,
}

impl Writes {
    /// All operations that a rule may cause.
    pub(super) fn of_rule(rule: &TableRule) -> Self {
        Self { updates: rule.mode == crate::TableMode::Upsert, deletes: rule.deletes }
    }

    /// The operations on any of the tables.
    pub(super) fn of_plans(plans: &[TablePlan]) -> Self {
        let updates =
            |plan: &TablePlan| matches!(&plan.work, WriteMethod::Merge(merge) if merge.updates);
        Self { updates: plans.iter().any(updates), deletes: plans.iter().any(TablePlan::deletes) }
    }
}

/// Triggers and rules of the written tables, including disabled ones, and of tables that are changed by
/// their foreign keys.
pub(super) async fn find(
    target: &Connection,
    tables: impl IntoIterator<Item = &TableName>,
    writes: Writes,
) -> Result<Vec<Trigger>, Error> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        tables.into_iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows = target
        .query(WRITTEN, &[&schemas, &names, &writes.updates, &writes.deletes])
        .await
        .map_err(|error| target.error("find the tables that are written", &error))?;
    let written: Vec<u32> = rows.iter().map(|row| row.get("oid")).collect();
    triggers::read(target, Some(&written)).await
}

/// Why triggers and rules of other owners' tables prevent the copy.
pub(super) fn refusal(table: &TableName, triggers: &[Trigger]) -> Option<String> {
    let others: Vec<String> = triggers
        .iter()
        .filter(|one| one.is_on() && !one.is_ours)
        .map(ToString::to_string)
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "{table}: {} would fire while rows are written, and only the owner of a table can switch that off: make \
             the role the owner, or drop what fires on the target",
            others.join(", ")
        )
    })
}
