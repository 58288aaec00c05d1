//! Replacement of the old tables at the end of the transaction that built the new ones: all locks at once
//! or none, so that readers never wait behind this program ([`pg_replicate::on_target::locks`]).

use std::collections::HashSet;

use pg_replicate::OnTarget;
use pg_replicate::on_target::locks::{self, GaveUp, InLine, Patience};
use pg_replicate::on_target::preserved::{self, Preserved};
use pg_replicate::on_target::{dependents, refusal};
use tokio_postgres::Transaction;
use tokio_postgres::types::Oid;

use super::ddl::{self, Ddl};
use super::error::{Error, database};

/// `pg_class`: oids of system catalogs never change.
const PG_CLASS: Oid = 1259;

/// An old table.
struct OldTable {
    oid: Oid,
    name: String,
}

/// Replaces the old tables, and logs what else is dropped: nothing with rows, unless that is allowed.
pub(super) async fn replace(
    transaction: &mut Transaction<'_>,
    tables: &[Ddl<'_>],
    on_target: OnTarget,
) -> Result<(), Error> {
    let mut patience = Patience::new(&*transaction, on_target.lock_timeout)
        .await
        .map_err(database("read deadlock_timeout".into()))?;
    let mut announced = HashSet::new();
    loop {
        let old = old_tables(transaction, tables).await?;
        let mut savepoint =
            transaction.savepoint("replace").await.map_err(database("set a savepoint".into()))?;
        let in_line = patience.in_line();
        match try_replace(&mut savepoint, tables, &old, on_target, in_line, &mut announced).await {
            Ok(()) => {
                let released = savepoint.commit().await;
                return released.map_err(database("release a savepoint".into()));
            }
            Err(ReplaceFailure::Busy) => {
                savepoint.rollback().await.map_err(database("roll back to a savepoint".into()))?;
                let oids: Vec<Oid> = old.iter().map(|old| old.oid).collect();
                patience.give_way(&*transaction, &oids).await.map_err(gave_up)?;
            }
            Err(ReplaceFailure::Final(error)) => return Err(error),
        }
    }
}

fn gave_up(error: GaveUp) -> Error {
    match error {
        GaveUp::Server(error) => database("look for who reads the old tables".into())(error),
        GaveUp::Busy { waited, holders } => Error::Busy {
            seconds: waited.as_secs(),
            blocked: holders.blocked,
            holders: holders.sessions,
        },
    }
}

enum ReplaceFailure {
    /// Another session holds a lock.
    Busy,
    Final(Error),
}

async fn try_replace(
    savepoint: &mut Transaction<'_>,
    tables: &[Ddl<'_>],
    old: &[OldTable],
    on_target: OnTarget,
    in_line: Option<InLine>,
    announced: &mut HashSet<String>,
) -> Result<(), ReplaceFailure> {
    let mut lost = Vec::new();
    if let Some(first) = tables.first()
        && !old.is_empty()
    {
        let names: Vec<_> = old.iter().map(|old| ddl::qualified(first.schema, &old.name)).collect();
        locks::lock(savepoint, &names, in_line)
            .await
            .map_err(|error| failure("lock the old tables", error))?;
        lost = announce(savepoint, old, on_target, announced).await?;
        execute(savepoint, "drop the old tables", &ddl::drop(&names)).await?;
    }
    for table in tables {
        let action = format!("put the new table in the place of {}", table.qualified());
        execute(savepoint, &action, &table.rename()).await?;
    }
    let given = preserved::give_back_at_once(savepoint, lost).await;
    given.map_err(|error| failure("give back what stood on the old tables", error))?;
    Ok(())
}

/// Says what goes with the old tables, whoever owns it, and answers what can be given back on the new ones.
async fn announce(
    savepoint: &Transaction<'_>,
    old: &[OldTable],
    on_target: OnTarget,
    announced: &mut HashSet<String>,
) -> Result<Vec<Preserved>, ReplaceFailure> {
    let (classes, oids): (Vec<Oid>, Vec<Oid>) = old.iter().map(|old| (PG_CLASS, old.oid)).unzip();
    let others = dependents(savepoint, &classes, &oids, true, &[])
        .await
        .map_err(|error| failure("look for what depends on the old tables", error))?;
    if !on_target.drops_dependents
        && let Some(refusal) = refusal(&others)
    {
        return Err(ReplaceFailure::Final(Error::Dependents(refusal)));
    }
    let lost = preserved::capture(savepoint, &classes, &oids, &others, &[]).await;
    let lost = lost.map_err(|error| failure("read what stands on the old tables", error))?;
    for dependent in others {
        if announced.insert(dependent.object.clone()) {
            dependent.announce();
        }
    }
    Ok(lost)
}

async fn execute(
    savepoint: &Transaction<'_>,
    action: &str,
    sql: &str,
) -> Result<(), ReplaceFailure> {
    savepoint.batch_execute(sql).await.map_err(|error| failure(action, error))
}

fn failure(action: &str, error: tokio_postgres::Error) -> ReplaceFailure {
    if locks::is_busy(&error) {
        ReplaceFailure::Busy
    } else {
        ReplaceFailure::Final(database(action.to_owned())(error))
    }
}

async fn old_tables(
    transaction: &Transaction<'_>,
    tables: &[Ddl<'_>],
) -> Result<Vec<OldTable>, Error> {
    let Some(first) = tables.first() else { return Ok(Vec::new()) };
    let names: Vec<_> = tables.iter().map(|ddl| ddl.table.name.as_str()).collect();
    let rows = transaction
        .query(include_str!("sql/old_tables.sql"), &[&first.schema, &names])
        .await
        .map_err(database("look for the old tables".into()))?;
    Ok(rows.iter().map(|row| OldTable { oid: row.get("oid"), name: row.get("name") }).collect())
}
