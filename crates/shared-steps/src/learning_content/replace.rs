//! Puts the new tables in the place of the old ones, at the end of the transaction that built them.
//!
//! Dropping a table needs a lock that waits for whoever reads it, and everyone who wants to read it
//! then waits behind us; a reader of several tables may even wait for us while we wait for it, which
//! the server ends after `deadlock_timeout` by an error for either. So we take all locks at once or
//! none, without waiting; when that does not succeed for some time, we wait in line, but always for
//! less than `deadlock_timeout`, so that it is never the reader who gets the error.

use std::time::{Duration, Instant};

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Oid;

use super::Error;
use super::ddl::{self, Ddl};
use super::load::database;

/// Tries without waiting before one that waits in line.
const QUICK_TRIES: u64 = 40;

/// The longest pause between two of them; the pauses differ, lest they keep a reader's rhythm.
const QUICK_PAUSE_MS: u64 = 25;

/// Between two rounds of tries.
const PAUSE: Duration = Duration::from_secs(1);

/// An old table.
struct Old {
    oid: Oid,
    name: String,
}

/// Replaces the old tables by the new ones; answers what else the drop took along. Readers of the
/// old tables are waited for, for `patience` in all.
pub(super) async fn replace(
    transaction: &mut Transaction<'_>,
    tables: &[Ddl<'_>],
    patience: Duration,
) -> Result<Vec<String>, Error> {
    let start = Instant::now();
    let in_line = wait_in_line(transaction).await?;
    loop {
        let old = old_tables(transaction, tables).await?;
        for quick_try in 1..=QUICK_TRIES {
            if let Some(dropped) = try_once(transaction, tables, &old, None).await? {
                return Ok(dropped);
            }
            let pause = 1 + quick_try * 7 % QUICK_PAUSE_MS;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        if let Some(dropped) = try_once(transaction, tables, &old, Some(in_line)).await? {
            return Ok(dropped);
        }
        let (blocked, holders) = holders(transaction, &old).await?;
        if start.elapsed() >= patience {
            let minutes = patience.as_secs() / 60;
            return Err(Error::Busy { minutes, blocked, holders });
        }
        tracing::info!(blocked, holders, "The old tables are being read; trying again");
        tokio::time::sleep(PAUSE).await;
    }
}

/// One try, undone when somebody else holds a lock. `None`: without waiting in line.
async fn try_once(
    transaction: &mut Transaction<'_>,
    tables: &[Ddl<'_>],
    old: &[Old],
    in_line: Option<Duration>,
) -> Result<Option<Vec<String>>, Error> {
    let savepoint =
        transaction.savepoint("replace").await.map_err(database("set a savepoint".into()))?;
    match try_replace(&savepoint, tables, old, in_line).await {
        Ok(dropped) => {
            savepoint.commit().await.map_err(database("release a savepoint".into()))?;
            Ok(Some(dropped))
        }
        Err(Failure::Busy) => {
            savepoint.rollback().await.map_err(database("roll back to a savepoint".into()))?;
            Ok(None)
        }
        Err(Failure::Final(error)) => Err(error),
    }
}

/// How long LOCK may wait in line; DROP, which finds views still in use, half as long. Together
/// they stay below `deadlock_timeout`.
async fn wait_in_line(transaction: &Transaction<'_>) -> Result<Duration, Error> {
    let row = transaction
        .query_one("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'", &[])
        .await
        .map_err(database("read deadlock_timeout".into()))?;
    let milliseconds = u64::try_from(row.get::<_, i32>(0)).unwrap_or_default();
    Ok(Duration::from_millis((milliseconds * 2 / 5).max(1)))
}

enum Failure {
    /// Somebody else holds a lock.
    Busy,
    Final(Error),
}

async fn try_replace(
    savepoint: &Transaction<'_>,
    tables: &[Ddl<'_>],
    old: &[Old],
    in_line: Option<Duration>,
) -> Result<Vec<String>, Failure> {
    let mut dropped = Vec::new();
    if let Some(first) = tables.first()
        && !old.is_empty()
    {
        let names: Vec<_> = old.iter().map(|old| ddl::qualified(first.schema, &old.name)).collect();
        lock(savepoint, &names, in_line).await?;
        dropped = dependents(savepoint, old).await?;
        execute(savepoint, "drop the old tables", &ddl::drop(&names)).await?;
    }
    for table in tables {
        let action = format!("put the new table in the place of {}", table.qualified());
        execute(savepoint, &action, &table.rename()).await?;
    }
    Ok(dropped)
}

/// Locks every old table or fails, and limits how long what follows waits for the lock of a view.
async fn lock(
    savepoint: &Transaction<'_>,
    names: &[String],
    in_line: Option<Duration>,
) -> Result<(), Failure> {
    const ACTION: &str = "lock the old tables";
    let lock_timeout = in_line.map_or(1, |wait| (wait.as_millis() / 2).max(1));
    if let Some(wait) = in_line {
        // The time-out of a lock counts for each table anew, that of a statement for all.
        let limit = format!("SET LOCAL statement_timeout = {}", wait.as_millis());
        execute(savepoint, ACTION, &limit).await?;
    }
    execute(savepoint, ACTION, &ddl::lock(names, in_line.is_some())).await?;
    let limits =
        format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {lock_timeout}");
    execute(savepoint, ACTION, &limits).await
}

async fn execute(savepoint: &Transaction<'_>, action: &str, sql: &str) -> Result<(), Failure> {
    savepoint.batch_execute(sql).await.map_err(|error| failure(action, error))
}

fn failure(action: &str, error: tokio_postgres::Error) -> Failure {
    let busy =
        [SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
    if error.code().is_some_and(|code| busy.contains(code)) {
        Failure::Busy
    } else {
        Failure::Final(database(action.to_owned())(error))
    }
}

async fn old_tables(transaction: &Transaction<'_>, tables: &[Ddl<'_>]) -> Result<Vec<Old>, Error> {
    let Some(first) = tables.first() else { return Ok(Vec::new()) };
    let names: Vec<_> = tables.iter().map(|ddl| ddl.table.name.as_str()).collect();
    let rows = transaction
        .query(include_str!("sql/old_tables.sql"), &[&first.schema, &names])
        .await
        .map_err(database("look for the old tables".into()))?;
    Ok(rows.iter().map(|row| Old { oid: row.get("oid"), name: row.get("name") }).collect())
}

async fn dependents(savepoint: &Transaction<'_>, old: &[Old]) -> Result<Vec<String>, Failure> {
    let rows = savepoint
        .query(include_str!("sql/dependents.sql"), &[&oids(old)])
        .await
        .map_err(|error| failure("look for what depends on the old tables", error))?;
    Ok(rows.iter().map(|row| row.get("object")).collect())
}

/// Which tables others hold, and who.
async fn holders(transaction: &Transaction<'_>, old: &[Old]) -> Result<(String, String), Error> {
    let rows = transaction
        .query(include_str!("sql/holders.sql"), &[&oids(old)])
        .await
        .map_err(database("look for who reads the old tables".into()))?;
    let mut tables: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    tables.dedup();
    let mut sessions: Vec<String> = rows
        .iter()
        .map(|row| {
            let role: Option<String> = row.get("role");
            format!("pid {} ({})", row.get::<_, i32>("pid"), role.as_deref().unwrap_or("no role"))
        })
        .collect();
    sessions.sort();
    sessions.dedup();
    if rows.is_empty() {
        return Ok(("the old tables are".into(), "sessions that have just ended".into()));
    }
    let verb = if tables.len() == 1 { "is" } else { "are" };
    Ok((format!("{} {verb}", tables.join(", ")), sessions.join(", ")))
}

fn oids(old: &[Old]) -> Vec<Oid> {
    old.iter().map(|old| old.oid).collect()
}
