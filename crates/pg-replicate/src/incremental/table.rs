//! Plan for one table: whether and how it can be copied.

use super::key::{Key, KeyColumn, KeyValue};
use super::new_columns;
use super::settings::{CopyFormat, Incremental, SchemaChanges};
use super::table_plan::{TablePlan, WriteMethod};
use crate::copy_cost::Rows;
use crate::incremental::change_filter;
use crate::masking;
use crate::postgres::columns::{Column, columns, differences};
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;
use crate::postgres::relation::Relation;
use crate::postgres::{row_security, session_settings, unlogged};
use crate::{Error, Side, TableMode, TableName, TableRule};

const PRIMARY_KEY: &str = include_str!("../../sql/primary_key.sql");
const COPY_WEIGHT: &str = include_str!("../../sql/copy_weight.sql");
const UNIQUE_INDEX: &str = include_str!("../../sql/unique_index.sql");

/// Problems with the rules for a table's rows. The connection must not be in a transaction.
pub(super) async fn check_rule(
    source: &Connection,
    table: &TableName,
    rule: &TableRule,
    incremental: &Incremental,
) -> Result<Vec<String>, Error> {
    if rule.copy.is_empty() {
        return Ok(Vec::new());
    }
    masking::check_table(source, table, &rule.copy, incremental.mode.masking()).await
}

/// The plan, or what is wrong with the table, for people.
pub(super) async fn plan(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    rule: &TableRule,
    incremental: &Incremental,
) -> Result<Result<TablePlan, String>, Error> {
    let on_source = columns(source, table).await?;
    let mut on_target = columns(target, table).await?;
    if unlogged::tables(source, &[]).await?.contains(table) {
        return Ok(Err(format!("{table}: {}; leave it out of BACKUP_MODE", unlogged::REASON)));
    }
    let source_relation = Relation::find(source, table).await?;
    let Some(source_relation) = source_relation.filter(|_| !on_source.is_empty()) else {
        return Ok(Err(format!(
            "{table}: the source has no such table, or it has no columns; {}",
            table.naming()
        )));
    };
    let target_relation = Relation::find(target, table).await?;
    let Some(target_relation) = target_relation.filter(|_| !on_target.is_empty()) else {
        return Ok(Err(format!(
            "{table}: the target has no such table; remove it from BACKUP_MODE for one full copy"
        )));
    };
    for (side, relation) in [(Side::Source, &source_relation), (Side::Target, &target_relation)] {
        if relation.hides_rows {
            return Ok(Err(row_security::refusal(side, &table.to_string())));
        }
    }
    let may_be_bytes =
        [source, target].iter().any(|side| session_settings::is_sql_ascii(side.url()));
    let found = find_key(target, table, rule, &on_source, &on_target, may_be_bytes).await?;
    let key = match found {
        Ok(key) => key,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let mut wrong = masking::unfit(table, &rule.copy, &on_source, incremental.mode.masking());
    wrong.extend(unmaskable(table, rule, &key));
    if !wrong.is_empty() {
        return Ok(Err(wrong.join("; ")));
    }
    let mut new = Vec::new();
    if incremental.schema_changes == SchemaChanges::Add {
        new = match new_columns::find(source, target, table, &on_source, &on_target).await? {
            Ok(new) => new,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let is_new = |column: &&Column| new.iter().any(|one| one.name() == column.name);
        on_target.extend(on_source.iter().filter(is_new).cloned());
    }
    if let Some(difference) = differences(&on_source, &on_target) {
        return Ok(Err(format!(
            "{table}: columns differ: {difference}; make them the same on both"
        )));
    }
    let copied: Vec<&Column> = on_target.iter().filter(|column| !column.is_generated).collect();
    if let Some(reason) = unmasked(table, rule, &copied, &on_source) {
        return Ok(Err(reason));
    }
    let rows = &target_relation.rows;
    let last = last_key(target, table, rows, &key).await?;
    let work = if last.is_some() || (!rule.is_plain && !is_empty(target, table, rows).await?) {
        let last = last.as_ref();
        match change_filter::work(target, (table, rows), rule, &key, last, &on_source, &new).await?
        {
            Ok(work) => work,
            Err(wrong) => return Ok(Err(wrong)),
        }
    } else if rule.is_plain {
        return Ok(Err(format!(
            "{table} table must not be empty on target database: remove it from BACKUP_MODE for one full copy"
        )));
    } else {
        WriteMethod::Append(None)
    };
    let items = copied.iter().map(|column| rule.copy.select_item(&column.name, &column.sql_type));
    let is_binary = incremental.format == CopyFormat::Binary
        && on_source.iter().chain(&on_target).all(|column| column.is_binary);
    Ok(Ok(TablePlan {
        table: table.clone(),
        on_source: source_relation.rows,
        on_target: target_relation.rows,
        select_list: items.collect::<Vec<_>>().join(", "),
        filter: rule.copy.filter().map(ToOwned::to_owned),
        columns: quoted(&copied),
        fixed: quoted(copied.iter().filter(|column| column.is_fixed)),
        key,
        last,
        work,
        new_columns: new,
        is_binary,
        weight: weight(source, table).await?,
    }))
}

/// Why values could not be masked: what the source computes from them would be copied as it is.
fn unmasked(
    table: &TableName,
    rule: &TableRule,
    copied: &[&Column],
    on_source: &[Column],
) -> Option<String> {
    let is_copied = |one: &&Column| copied.iter().any(|column| column.name == one.name);
    let mut generated = on_source.iter().filter(|column| column.is_generated).filter(is_copied);
    let Column { name, .. } = generated.next().filter(|_| rule.copy.columns().next().is_some())?;
    Some(format!(
        "{table}: column \"{name}\" is generated on the source, from values that are not masked, but not on the target, \
         which would get it as it is; make it a generated column there too"
    ))
}

fn quoted<'a>(columns: impl IntoIterator<Item = &'a &'a Column>) -> Vec<String> {
    columns.into_iter().map(|column| quote_identifier(&column.name)).collect()
}

/// The key named by the rule, or the target's primary key, checked on both sides.
async fn find_key(
    target: &Connection,
    table: &TableName,
    rule: &TableRule,
    on_source: &[Column],
    on_target: &[Column],
    may_be_bytes: bool,
) -> Result<Result<Key, String>, Error> {
    let mut names = rule.key.clone();
    let failed = |error| target.error(format!("look for the key of {table}"), &error);
    if names.is_empty() {
        let rows =
            target.query(PRIMARY_KEY, &[&table.schema, &table.name]).await.map_err(failed)?;
        names = rows.iter().map(|row| row.get("name")).collect();
    }
    if names.is_empty() {
        return Ok(Err(format!(
            "{table}: the target's table has no primary key; name the columns that identify a row with \"key\""
        )));
    }
    let mut key = Key::default();
    for name in &names {
        let find = |columns: &[Column]| columns.iter().find(|one| one.name == *name).cloned();
        let (Some(on_source), Some(on_target)) = (find(on_source), find(on_target)) else {
            return Ok(Err(format!(
                "{table}: it has no column \"{name}\", which is needed to recognize new rows"
            )));
        };
        if needs_unique_key(rule) && !on_target.is_not_null {
            return Ok(Err(format!(
                "{table}: column \"{name}\" of the key may be null on the target; make it NOT NULL, or name another key"
            )));
        }
        key.0.push(KeyColumn {
            name: name.clone(),
            sql_type: on_source.sql_type,
            // A plain rule behaves as it always did.
            by_bytes: on_source.is_collatable && !rule.is_plain,
            is_escaped: may_be_bytes,
        });
    }
    if needs_unique_key(rule) {
        let row = target
            .query_one(UNIQUE_INDEX, &[&table.schema, &table.name, &names])
            .await
            .map_err(failed)?;
        if !row.get::<_, bool>("found") {
            return Ok(Err(format!(
                "{table}: the target has no unique index over exactly the key ({}), which is needed \
                 to find existing rows; create one, without a condition",
                key.names()
            )));
        }
    }
    Ok(Ok(key))
}

/// The key must have the same values on both sides.
fn unmaskable(table: &TableName, rule: &TableRule, key: &Key) -> Option<String> {
    let column = key.0.iter().find(|column| rule.copy.masks(&column.name))?;
    Some(format!(
        "BACKUP_MODE, table \"{table}\", \"columns\": column \"{}\" belongs to the key ({}), which must be the \
         same on both sides; take its expression out, or name another key",
        column.name,
        key.names()
    ))
}

/// Whether rows may be read that the target already has.
fn needs_unique_key(rule: &TableRule) -> bool {
    rule.mode == TableMode::Upsert || rule.lag.is_some()
}

/// The largest key of `rows`; `max()` does not exist for every type with an order.
pub(super) async fn last_key(
    connection: &Connection,
    table: &TableName,
    rows: &str,
    key: &Key,
) -> Result<Option<KeyValue>, Error> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
        key.texts(),
        rows,
        key.is_there(),
        key.order("DESC"),
    );
    let row = connection
        .query_opt(&sql, &[])
        .await
        .map_err(|error| connection.error(format!("read the last key of {table}"), &error))?;
    Ok(row.map(|row| (0..key.0.len()).map(|number| row.get(number)).collect()))
}

async fn weight(source: &Connection, table: &TableName) -> Result<u64, Error> {
    let row = source
        .query_opt(COPY_WEIGHT, &[&table.schema, &table.name])
        .await
        .map_err(|error| source.error(format!("look how large {table} is"), &error))?;
    Ok(row.map_or(0, |row| {
        let size = |column| row.get::<_, i64>(column).unsigned_abs();
        Rows { heap: size("heap"), toast: size("toast"), counted: size("counted") }.cost()
    }))
}

async fn is_empty(connection: &Connection, table: &TableName, rows: &str) -> Result<bool, Error> {
    let sql = format!("SELECT NOT EXISTS (SELECT FROM {rows})");
    let row = connection
        .query_one(&sql, &[])
        .await
        .map_err(|error| connection.error(format!("look whether {table} is empty"), &error))?;
    Ok(row.get(0))
}
