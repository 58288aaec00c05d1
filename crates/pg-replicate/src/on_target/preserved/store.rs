//! The table that holds what is to be given back, so that nothing of it is lost when a run is interrupted or an object does
//! not fit the new tables.

use tokio_postgres::types::{Json, Oid};
use tokio_postgres::{Error, GenericClient, Transaction};

use super::object::{Preserved, SCHEMA};
use crate::postgres::error_text::reason;

const FIND: &str = include_str!("../../../sql/on_target/preserved/find.sql");
const CREATE: &str = include_str!("../../../sql/on_target/preserved/create_store.sql");
const REVOKE: &str = include_str!("../../../sql/on_target/preserved/revoke_store.sql");
const SAVE: &str = include_str!("../../../sql/on_target/preserved/save.sql");
const LOAD: &str = include_str!("../../../sql/on_target/preserved/load.sql");

/// The table's oid, when there is one of ours.
pub(crate) async fn find(client: &(impl GenericClient + Sync)) -> Result<Option<Oid>, Error> {
    Ok(client.query_opt(FIND, &[]).await?.map(|row| row.get("oid")))
}

/// Why nothing could be written down: a schema of this name that is not the store's.
pub(crate) async fn obstacle(
    client: &(impl GenericClient + Sync),
) -> Result<Option<String>, Error> {
    const OWNER: &str = "SELECT pg_catalog.pg_get_userbyid(nspowner)::text AS owner FROM pg_catalog.pg_namespace \
                         WHERE nspname = 'replication_preserved'";
    if find(client).await?.is_some() {
        return Ok(None);
    }
    Ok(client.query_opt(OWNER, &[]).await?.map(|row| {
        let owner: String = row.get("owner");
        format!(
            "grants and views that are given back after the copy could not be written down, because there is another \
             schema {SCHEMA}, of role {owner}: rename or drop it"
        )
    }))
}

/// What was made again for other roles but is ours.
pub(super) async fn made_as_ours(
    client: &(impl GenericClient + Sync),
) -> Result<Vec<String>, Error> {
    if find(client).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = client.query("SELECT object FROM replication_preserved.object WHERE is_ours", &[]);
    Ok(rows.await?.iter().map(|row| row.get("object")).collect())
}

/// Writes down what is to be given back, in the place of what stands there under the same name; but grants that an earlier
/// run could not give remain to be given.
///
/// # Errors
/// What the server said.
pub(crate) async fn save(
    client: &(impl GenericClient + Sync),
    preserved: &[Preserved],
) -> Result<(), Error> {
    if preserved.is_empty() {
        return Ok(());
    }
    if find(client).await?.is_none() {
        client.batch_execute(CREATE).await?;
        for row in client.query(REVOKE, &[]).await? {
            client.batch_execute(row.get("statement")).await?;
        }
    }
    client.execute(SAVE, &[&Json(preserved), &true]).await.map(|_| ())
}

/// All of it: what is made again before what is granted again, each in the order in which it was dropped.
pub(super) async fn load(client: &(impl GenericClient + Sync)) -> Result<Vec<Preserved>, Error> {
    let rows = client.query(LOAD, &[]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Json<Preserved>>("preserved").0).collect())
}

/// Only these are left to give back. The table and its schema are dropped when there are none, unless something else stands
/// there.
pub(super) async fn replace(
    transaction: &mut Transaction<'_>,
    left: &[Preserved],
) -> Result<(), Error> {
    const OTHERS: &str = "DELETE FROM replication_preserved.object WHERE object <> ALL ($1)";
    const DROP: &str = "DROP TABLE replication_preserved.object; DROP SCHEMA replication_preserved";
    if left.is_empty() {
        let savepoint = transaction.savepoint("drop_store").await?;
        match savepoint.batch_execute(DROP).await {
            Ok(()) => return savepoint.commit().await,
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(error) => {
                tracing::info!(
                    "The schema {SCHEMA} stays, although it is empty: {}",
                    reason(&error)
                );
                savepoint.rollback().await?;
            }
        }
    }
    let objects: Vec<&str> = left.iter().map(|one| one.object.as_str()).collect();
    transaction.execute(OTHERS, &[&objects]).await?;
    transaction.execute(SAVE, &[&Json(left), &false]).await.map(|_| ())
}
