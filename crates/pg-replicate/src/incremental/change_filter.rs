//! Change filter: which rows of the source are read.

use crate::incremental::key::{Key, KeyValue};
use crate::incremental::new_columns::NewColumn;
use crate::incremental::ranges;
use crate::incremental::table_plan::{Merge, WriteMethod};
use crate::postgres::columns::Column;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::{quote_identifier, quote_literal};
use crate::{Error, TableMode, TableName, TableRule};

/// How values larger or smaller than all others are written.
const INFINITE: [&str; 5] = ["infinity", "-infinity", "Infinity", "-Infinity", "NaN"];

/// What to do with a table that is not empty on the target, or what is wrong with it.
pub(super) async fn work(
    target: &Connection,
    (table, rows): (&TableName, &str),
    rule: &TableRule,
    key: &Key,
    last: Option<&KeyValue>,
    columns: &[Column],
    new: &[NewColumn],
) -> Result<Result<WriteMethod, String>, Error> {
    let Some(last) = last else {
        return Ok(Err(format!("{table}: no row of the target has a key ({})", key.names())));
    };
    if rule.mode == TableMode::Incremental
        && let Some(wrong) = ends_there(table, key, last, columns)
    {
        return Ok(Err(wrong));
    }
    let newer = key.compare(">", last);
    let cursor = match &rule.cursor {
        None => None,
        Some(name) => match columns.iter().find(|column| column.name == *name) {
            None => return Ok(Err(format!("{table}: it has no column \"{name}\" (cursor)"))),
            column => column,
        },
    };
    if let (Some(column), Some(_)) = (cursor, rule.lag)
        && !column.is_time()
    {
        return Ok(Err(format!(
            "{table}: a lag needs a cursor of type date or timestamp; \"{}\" is {}",
            column.name, column.sql_type
        )));
    }
    let since = match cursor {
        None => None,
        // The target's rows have no cursor yet.
        Some(column) if new.iter().any(|one| one.name() == column.name) => None,
        // Existing rows have values in new columns.
        Some(_) if rule.mode == TableMode::Upsert && !new.is_empty() => None,
        Some(column) => since(target, (table, rows), column, rule).await?,
    };
    let late = since.clone().or_else(|| late_keys(key, last, rule, columns));
    let fills_gaps = rule.mode == TableMode::Incremental && rule.lag.is_some() && late.is_none();
    if (fills_gaps || rule.deletes)
        && let Some(wrong) = not_compared(table, key, columns)
    {
        return Ok(Err(wrong));
    }
    let deletes = rule.deletes;
    Ok(Ok(match (rule.mode, rule.lag) {
        (TableMode::Upsert, _) => {
            WriteMethod::Merge(Merge { condition: since, updates: true, fills_gaps, deletes })
        }
        (_, None) => WriteMethod::Append(Some(newer)),
        (_, Some(_)) => {
            let condition = match late {
                Some(late) => format!("({newer}) OR {late}"),
                None => newer,
            };
            let condition = Some(condition);
            WriteMethod::Merge(Merge { condition, updates: false, fills_gaps, deletes })
        }
    }))
}

/// Why keys of this table cannot be compared in ranges.
fn not_compared(table: &TableName, key: &Key, columns: &[Column]) -> Option<String> {
    key.0.iter().find_map(|one| {
        let column = columns.iter().find(|column| column.name == one.name)?;
        (!ranges::is_compared(&column.base_type)).then(|| {
            format!(
                "{table}: column \"{}\" of the key is {}, whose order may be another on the other \
                 server; name another key",
                column.name, column.sql_type
            )
        })
    })
}

/// Why no row can follow the last one: a key of infinity or NaN is larger than all others.
fn ends_there(table: &TableName, key: &Key, last: &KeyValue, columns: &[Column]) -> Option<String> {
    let (one, last) = (key.0.first()?, last.first()?);
    let column = columns.iter().find(|column| column.name == one.name)?;
    (column.may_be_infinite() && INFINITE.contains(&last.as_str())).then(|| {
        format!(
            "{table}: the largest \"{}\" of the target is {last}, after which no row comes; delete that row there, \
             name another key, or use the mode upsert",
            one.name
        )
    })
}

/// The rows from the target's last cursor on, minus the lag; `None` if it has none. Rows without a cursor
/// are always read, because the time of their writing is unknown; so are those with an infinite cursor,
/// which do not count as the last one, because nothing would be read after them.
async fn since(
    target: &Connection,
    (table, rows): (&TableName, &str),
    column: &Column,
    rule: &TableRule,
) -> Result<Option<String>, Error> {
    let name = quote_identifier(&column.name);
    let finite = if column.may_be_infinite() {
        format!(" AND {name}::text <> ALL ('{{{}}}')", INFINITE.join(","))
    } else {
        String::new()
    };
    let sql = format!(
        "SELECT {name}::text AS last_cursor FROM {rows} WHERE {name} IS NOT NULL{finite} ORDER BY {name} DESC LIMIT 1"
    );
    let row = target
        .query_opt(&sql, &[])
        .await
        .map_err(|error| target.error(format!("read the last cursor of {table}"), &error))?;
    let Some(row) = row else { return Ok(None) };
    let mut condition = format!("{name} >= {}", less_lag(&row.get::<_, String>(0), column, rule));
    if !column.is_not_null {
        condition = format!("({condition} OR {name} IS NULL)");
    }
    Ok(Some(condition))
}

/// The keys within the lag, if the key itself is a time.
fn late_keys(key: &Key, last: &KeyValue, rule: &TableRule, columns: &[Column]) -> Option<String> {
    let ([one], [last]) = (key.0.as_slice(), last.as_slice()) else { return None };
    let column = columns.iter().find(|column| column.name == one.name && column.is_time())?;
    Some(format!("{} >= {}", quote_identifier(&one.name), less_lag(last, column, rule)))
}

fn less_lag(text: &str, column: &Column, rule: &TableRule) -> String {
    let value = format!("{}::{}", quote_literal(text), column.sql_type);
    match rule.lag {
        Some(lag) => format!("({value} - interval '{} seconds')", lag.as_secs()),
        None => value,
    }
}
