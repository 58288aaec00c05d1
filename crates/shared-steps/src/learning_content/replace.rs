//! Puts the new tables in the place of the old ones, at the end of the transaction that built them.
//!
//! Dropping a table waits for whoever reads it, and everyone who wants to read it then waits behind
//! us. So we wait briefly, give way, and try again: at first less than the server's
//! `deadlock_timeout` (1 s), so that of a reader and us it is never the reader who is sent away.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Oid;
use tokio_postgres::Transaction;

use super::ddl::{self, Ddl};
use super::load::database;
use super::Error;

/// How long readers of the old tables are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// In all.
    pub(super) total: Duration,
    /// The longest wait in line of the first try: LOCK and DROP may each take half of it.
    pub(super) first_try: Duration,
    /// The longest of a later one.
    pub(super) longest_try: Duration,
    /// Between two tries.
    pub(super) pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30 * 60),
            first_try: Duration::from_millis(800),
            longest_try: Duration::from_secs(10),
            pause: Duration::from_secs(2),
        }
    }
}

/// An old table.
struct Old {
    oid: Oid,
    name: String,
}

/// Replaces the old tables by the new ones; answers what else the drop took along.
pub(super) async fn replace(
    transaction: &mut Transaction<'_>,
    tables: &[Ddl<'_>],
    patience: Patience,
) -> Result<Vec<String>, Error> {
    let start = Instant::now();
    let mut try_limit = patience.first_try;
    loop {
        let old = old_tables(transaction, tables).await?;
        let savepoint =
            transaction.savepoint("replace").await.map_err(database("set a savepoint".into()))?;
        let busy = match try_replace(&savepoint, tables, &old, try_limit / 2).await {
            Ok(dropped) => {
                savepoint.commit().await.map_err(database("release a savepoint".into()))?;
                return Ok(dropped);
            }
            Err(Failure::Busy) => savepoint.rollback().await,
            Err(Failure::Final(error)) => return Err(error),
        };
        busy.map_err(database("roll back to a savepoint".into()))?;
        let (blocked, holders) = holders(transaction, &old).await?;
        if start.elapsed() >= patience.total {
            return Err(Error::Busy { minutes: patience.total.as_secs() / 60, blocked, holders });
        }
        tracing::info!(blocked, holders, "The old tables are being read; trying again");
        tokio::time::sleep(patience.pause).await;
        try_limit = (try_limit * 3 / 2).min(patience.longest_try);
    }
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
    limit: Duration,
) -> Result<Vec<String>, Failure> {
    let mut dropped = Vec::new();
    if let Some(first) = tables.first()
        && !old.is_empty()
    {
        let names: Vec<_> = old.iter().map(|old| ddl::qualified(first.schema, &old.name)).collect();
        let set = format!("SET LOCAL statement_timeout = {}", limit.as_millis().max(1));
        execute(savepoint, "set a time-out", &set).await?;
        execute(savepoint, "lock the old tables", &ddl::lock(&names)).await?;
        dropped = dependents(savepoint, old).await?;
        execute(savepoint, "drop the old tables", &ddl::drop(&names)).await?;
        execute(savepoint, "set a time-out", "SET LOCAL statement_timeout = 0").await?;
    }
    for table in tables {
        let action = format!("put the new table in the place of {}", table.qualified());
        execute(savepoint, &action, &table.rename()).await?;
    }
    Ok(dropped)
}

async fn execute(savepoint: &Transaction<'_>, action: &str, sql: &str) -> Result<(), Failure> {
    savepoint.batch_execute(sql).await.map_err(|error| failure(action, error))
}

fn failure(action: &str, error: tokio_postgres::Error) -> Failure {
    let busy = [
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    if error.code().is_some_and(|code| busy.contains(code)) {
        Failure::Busy
    } else {
        Failure::Final(database(action.to_owned())(error))
    }
}

async fn old_tables(
    transaction: &Transaction<'_>,
    tables: &[Ddl<'_>],
) -> Result<Vec<Old>, Error> {
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
async fn holders(
    transaction: &Transaction<'_>,
    old: &[Old],
) -> Result<(String, String), Error> {
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
