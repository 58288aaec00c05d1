//! Preflight of an incremental copy.

use super::fired::{self, Writes};
use super::settings::Incremental;
use super::table_plan::{Merge, TablePlan, WriteMethod};
use super::{order, table};
use crate::postgres::connection::Connection;
use crate::postgres::relation::Relation;
use crate::postgres::triggers::Trigger;
use crate::postgres::{same_database, versions};
use crate::{Check, Error, Side, TableMode, TableName, TableRule};

const SUBJECT: &str = "incremental tables";

pub(super) async fn all(incremental: &Incremental) -> Vec<Check> {
    let tables: Vec<(&TableName, &TableRule)> = incremental.mode.updated().collect();
    if tables.is_empty() {
        return vec![Check::good(SUBJECT, "none")];
    }
    match look(incremental, &tables).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::bad(SUBJECT, error.to_string())],
    }
}

async fn look(
    incremental: &Incremental,
    tables: &[(&TableName, &TableRule)],
) -> Result<Vec<Check>, Error> {
    let source = Connection::open(&incremental.source, "pg-replicate check").await?;
    let target = Connection::open(&incremental.target, "pg-replicate check").await?;
    same_database::refuse(&source, &target).await?;
    versions::refuse_old(&source, Side::Source).await?;
    versions::refuse_old(&target, Side::Target).await?;
    let names: Vec<TableName> = tables.iter().map(|(name, _)| (*name).clone()).collect();
    let risky = order::order(&target, &names).await?.risky;
    let mut checks = Vec::new();
    for &(name, rule) in tables {
        let mut new = Vec::new();
        let mut outcome = match table::plan(&source, &target, name, rule, incremental).await {
            Ok(Ok(plan)) => {
                new.extend(plan.new_columns.iter().map(|column| column.name().to_owned()));
                Ok(format!("{name}: {}", found(&plan)))
            }
            Ok(Err(wrong)) => Err(wrong),
            Err(error) => Err(error.to_string()),
        };
        if outcome.is_ok() {
            let wrong = table::check_rule(&source, name, rule, incremental).await?;
            if !wrong.is_empty() {
                outcome = Err(wrong.join("; "));
            }
        }
        for right in rights(rule) {
            if outcome.is_ok() && !may(&target, name, right).await? {
                outcome = Err(format!("{name}: the role may not {right} on the target"));
            }
        }
        if outcome.is_ok() && !new.is_empty() && !is_ours(&target, name).await? {
            let columns = new.join("\", \"");
            outcome = Err(format!(
                "{name}: the target shall get column \"{columns}\", but the table is not the role's own"
            ));
        }
        if outcome.is_ok() && !may(&source, name, "SELECT").await? {
            outcome = Err(format!("{name}: the role may not SELECT from it on the source"));
        }
        if outcome.is_ok() {
            let mut fires = fired::find(&target, [name], Writes::of_rule(rule)).await?;
            fires.retain(Trigger::is_on);
            if let Some(wrong) = fired::refusal(name, &fires) {
                outcome = Err(wrong);
            } else if let (Ok(found), false) = (&mut outcome, fires.is_empty()) {
                let names: Vec<String> = fires.iter().map(ToString::to_string).collect();
                found.push_str(&format!("; does not fire meanwhile: {}", names.join(", ")));
            }
        }
        if let Ok(found) = &mut outcome {
            if rule.copy.filter().is_some() {
                found.push_str("; those that \"where\" selects");
            }
            if rule.copy.columns().next().is_some() {
                let names: Vec<&str> = rule.copy.columns().map(|(name, _)| name).collect();
                found.push_str(&format!("; masked: \"{}\"", names.join("\", \"")));
            }
            for column in &new {
                found.push_str(&format!("; the target gets column \"{column}\""));
            }
            for key in risky.iter().filter(|key| key.table == *name) {
                found.push_str(&format!("; mind the {key}"));
            }
        }
        checks.push(Check::of(SUBJECT, outcome));
    }
    Ok(checks)
}

fn found(plan: &TablePlan) -> String {
    match (&plan.work, &plan.last) {
        (WriteMethod::Append(_), Some(_)) => format!("rows after {}", plan.last_text()),
        (WriteMethod::Append(_), None) => "all rows, for it is empty on the target".to_owned(),
        (WriteMethod::Merge(Merge { fills_gaps: true, .. }), _) => {
            format!("rows after {}, and those missing before", plan.last_text())
        }
        (WriteMethod::Merge(Merge { condition: None, .. }), _) => {
            "all rows are compared".to_owned()
        }
        (WriteMethod::Merge(Merge { condition: Some(condition), .. }), _) => {
            format!("rows where {condition} are compared")
        }
    }
}

/// Operations on the target.
fn rights(rule: &TableRule) -> &'static [&'static str] {
    match (rule.mode, rule.deletes) {
        (TableMode::Upsert, true) => &["INSERT", "SELECT", "UPDATE", "DELETE"],
        (TableMode::Upsert, false) => &["INSERT", "SELECT", "UPDATE"],
        _ => &["INSERT"],
    }
}

async fn may(connection: &Connection, table: &TableName, right: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT pg_catalog.has_table_privilege($1::text, $2::text)";
    let row = connection.query_one(SQL, &[&table.quoted(), &right]).await.map_err(|error| {
        connection.error(format!("read the role's privileges on {table}"), &error)
    })?;
    Ok(row.get(0))
}

/// Only an owner may add columns.
async fn is_ours(connection: &Connection, table: &TableName) -> Result<bool, Error> {
    Ok(Relation::find(connection, table).await?.is_some_and(|relation| relation.is_ours))
}
