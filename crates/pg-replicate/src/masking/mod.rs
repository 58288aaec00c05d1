//! Masking: rules of `BACKUP_MODE` for rows and values, checked on the source before anything is changed.
//!
//! docs/masking.md describes the guarantees.

mod dry_run;
mod foreign_keys;
mod rules;

use crate::postgres::columns::{Column, columns};
use crate::postgres::connection::Connection;
use crate::postgres::relation::Relation;
use crate::{BackupMode, CopyRule, Error, Masking, TableMode, TableName};

use crate::masking::dry_run::DryRun;
pub(crate) use rules::Rules;

const PARTITION_KEYS: &str = include_str!("../../sql/masking/partition_keys.sql");

/// Problems with the rules of fully copied tables; empty if all are usable. Foreign keys are checked if
/// they will be restored on the target.
///
/// Nothing is changed: each expression is planned and tried on some rows in a read-only transaction. The
/// connection must not be in a transaction.
pub(crate) async fn check(
    source: &Connection,
    mode: &BackupMode,
    foreign_keys: bool,
) -> Result<Vec<String>, Error> {
    let rules = match Rules::read(source, mode).await? {
        Ok(rules) => rules,
        Err(wrong) => return Ok(wrong),
    };
    let mut wrong = Vec::new();
    for table in mode.tables(TableMode::Full) {
        if let Some(rule) = mode.copy_rule(table) {
            wrong.extend(check_table(source, table, rule, mode.masking()).await?);
        }
    }
    if foreign_keys && wrong.is_empty() {
        wrong = foreign_keys::broken(source, mode, &rules).await?;
    }
    Ok(wrong)
}

/// Problems with the rule of one table, in the wording of [`check`].
pub(crate) async fn check_table(
    source: &Connection,
    table: &TableName,
    rule: &CopyRule,
    masking: Masking,
) -> Result<Vec<String>, Error> {
    let columns = columns(source, table).await?;
    if columns.is_empty() {
        return Ok(vec![format!(
            "BACKUP_MODE, table \"{table}\": the source has no table of this name, or it has no columns; {}",
            table.naming()
        )]);
    }
    let mut wrong = unfit(table, rule, &columns, masking);
    wrong.extend(routing(source, table, rule).await?);
    let rows = match Relation::find(source, table).await? {
        Some(relation) => relation.rows,
        None => table.quoted(),
    };
    let trial = DryRun::begin(source, table, rows, rule).await?;
    let mut is_filter_good = true;
    if let Some(reason) = trial.filter().await? {
        is_filter_good = false;
        wrong.push(reason);
    }
    for column in &columns {
        if rule.masks(&column.name) && !column.is_generated {
            wrong.extend(trial.column(column, is_filter_good).await?);
        }
    }
    trial.end().await?;
    Ok(wrong)
}

/// Values of the partition key decide the partition of a row, so they must not change.
async fn routing(
    source: &Connection,
    table: &TableName,
    rule: &CopyRule,
) -> Result<Option<String>, Error> {
    let rows = source
        .query(PARTITION_KEYS, &[&table.schema, &table.name])
        .await
        .map_err(|error| source.error(format!("read the partition keys of {table}"), &error))?;
    let names: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    let masked = names.iter().find(|name| rule.masks(name));
    Ok(masked.map(|name| {
        format!(
            "BACKUP_MODE, table \"{table}\", \"columns\": column \"{name}\" says to which partition a row \
             belongs, and cannot be replaced; take its expression out"
        )
    }))
}

/// Columns that rules name but the table lacks, or that have no value of their own.
fn missing(table: &TableName, rule: &CopyRule, columns: &[Column]) -> Vec<String> {
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    let mut wrong = Vec::new();
    let names = rule.columns().map(|(name, _)| ("columns", name));
    for (key, name) in names.chain(rule.keep().map(|name| ("keep", name))) {
        match find(name) {
            None => wrong.push(format!(
                "BACKUP_MODE, table \"{table}\", \"{key}\": the source's table has no column \"{name}\"; \
                 must be a column of the table, case counts; it has {}",
                list(columns.iter().map(|column| column.name.as_str()))
            )),
            Some(column) if column.is_generated && key == "columns" => wrong.push(format!(
                "BACKUP_MODE, table \"{table}\", \"columns\": column \"{name}\" is generated, and the target \
                 computes it from the others; give these expressions, and none to \"{name}\""
            )),
            Some(_) => {}
        }
    }
    wrong
}

/// Why `MASKING=strict` refuses a table with these columns; generated columns are computed by the target.
fn unruled(
    table: &TableName,
    rule: &CopyRule,
    columns: &[Column],
    masking: Masking,
) -> Option<String> {
    let own = columns.iter().filter(|column| !column.is_generated);
    let unruled = rule.unruled(own.map(|column| column.name.as_str()));
    (masking == Masking::Strict && !unruled.is_empty()).then(|| {
        format!(
            "MASKING is strict, and the rules of table \"{table}\" in BACKUP_MODE say nothing of {}; give \
             each an expression in \"columns\", or name it in \"keep\"",
            list(unruled)
        )
    })
}

/// Why the rule of a table is not applicable to these columns.
///
/// Checked again in the copied snapshot, because since the first check a column may have been added or
/// renamed, and its values would be copied unmasked.
pub(crate) fn unfit(
    table: &TableName,
    rule: &CopyRule,
    columns: &[Column],
    masking: Masking,
) -> Vec<String> {
    let mut wrong = missing(table, rule, columns);
    wrong.extend(unruled(table, rule, columns, masking));
    wrong
}

/// The same check for all tables that have `rules`, as this connection sees them now.
pub(crate) async fn refused(
    source: &Connection,
    rules: &Rules,
    masking: Masking,
) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for table in rules.tables() {
        let Some(rule) = rules.get(table) else { continue };
        wrong.extend(unfit(table, rule, &columns(source, table).await?, masking));
    }
    Ok(wrong)
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}
