//! The table that holds what is to be given back, so that nothing of it is lost when a run is interrupted or an object does
//! not fit the new tables.

use tokio_postgres::types::{Json, Oid};
use tokio_postgres::{Error, GenericClient};

use super::object::Preserved;

const FIND: &str = include_str!("../../../sql/on_target/preserved/find.sql");
const CREATE: &str = include_str!("../../../sql/on_target/preserved/create_store.sql");
const SAVE: &str = include_str!("../../../sql/on_target/preserved/save.sql");
const LOAD: &str = include_str!("../../../sql/on_target/preserved/load.sql");

/// The table's oid, when there is one.
pub(crate) async fn find(client: &(impl GenericClient + Sync)) -> Result<Option<Oid>, Error> {
    Ok(client.query_opt(FIND, &[]).await?.map(|row| row.get("oid")))
}

/// Writes down what is to be given back, in the place of what stands there under the same name.
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
    }
    client.execute(SAVE, &[&Json(preserved)]).await.map(|_| ())
}

/// All of it: what is made again before what is granted again, each in the order in which it was dropped.
pub(super) async fn load(client: &(impl GenericClient + Sync)) -> Result<Vec<Preserved>, Error> {
    let rows = client.query(LOAD, &[]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Json<Preserved>>("preserved").0).collect())
}

/// Only these are left to give back. The table and its schema are dropped when there are none.
pub(super) async fn replace(
    client: &(impl GenericClient + Sync),
    left: &[Preserved],
) -> Result<(), Error> {
    const OTHERS: &str = "DELETE FROM replication_preserved.object WHERE object <> ALL ($1)";
    const DROP: &str =
        "DROP TABLE replication_preserved.object; DROP SCHEMA replication_preserved RESTRICT";
    if left.is_empty() {
        return client.batch_execute(DROP).await;
    }
    let objects: Vec<&str> = left.iter().map(|one| one.object.as_str()).collect();
    client.execute(OTHERS, &[&objects]).await?;
    save(client, left).await
}
