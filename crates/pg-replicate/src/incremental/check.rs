//! What an incremental copy needs, looked at without changing anything.

use super::{Incremental, order, table};
use crate::connection::Connection;
use crate::{Check, Error, TableMode, TableName};

const SUBJECT: &str = "incremental tables";

pub(super) async fn all(incremental: &Incremental) -> Vec<Check> {
    let tables: Vec<TableName> = incremental.mode.tables(TableMode::Incremental).cloned().collect();
    if tables.is_empty() {
        return vec![Check::good(SUBJECT, "none")];
    }
    if incremental.source.same_database(&incremental.target) {
        return vec![Check::bad(SUBJECT, "source and target are one database")];
    }
    match look(incremental, &tables).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::bad(SUBJECT, error.to_string())],
    }
}

async fn look(incremental: &Incremental, tables: &[TableName]) -> Result<Vec<Check>, Error> {
    let source = Connection::open(&incremental.source, "pg-replicate check").await?;
    let target = Connection::open(&incremental.target, "pg-replicate check").await?;
    let (_, risky) = order::order(&target, tables).await?;
    let mut checks = Vec::new();
    for name in tables {
        let mut outcome = match table::plan(&source, &target, name, incremental.format).await {
            Ok(Ok(plan)) => Ok(format!("{name}: rows after {}", plan.last_id)),
            Ok(Err(wrong)) => Err(wrong),
            Err(error) => Err(error.to_string()),
        };
        if outcome.is_ok() && !may_write(&target, name).await? {
            outcome = Err(format!("{name}: the role may not INSERT into it on the target"));
        }
        if outcome.is_ok() && !may_read(&source, name).await? {
            outcome = Err(format!("{name}: the role may not SELECT from it on the source"));
        }
        if let Ok(found) = &mut outcome {
            for key in risky.iter().filter(|key| key.table == *name) {
                found.push_str(&format!("; mind the {key}"));
            }
        }
        checks.push(Check::of(SUBJECT, outcome));
    }
    Ok(checks)
}

async fn may_write(target: &Connection, table: &TableName) -> Result<bool, Error> {
    may(target, table, "INSERT").await
}

async fn may_read(source: &Connection, table: &TableName) -> Result<bool, Error> {
    may(source, table, "SELECT").await
}

async fn may(connection: &Connection, table: &TableName, right: &str) -> Result<bool, Error> {
    const SQL: &str = "SELECT pg_catalog.has_table_privilege($1::text, $2::text)";
    let row = connection
        .query_one(SQL, &[&table.quoted(), &right])
        .await
        .map_err(|error| connection.error(format!("look at our rights on {table}"), &error))?;
    Ok(row.get(0))
}
