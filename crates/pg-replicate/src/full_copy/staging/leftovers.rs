//! Schemas that a copy no longer needs: of an interrupted build, or of a copy that was replaced.

use crate::Error;
use crate::full_copy::object_catalog::{Droppable, Objects, own_objects};
use crate::on_target::dependents;
use crate::postgres::catalog::rows;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;

const LEFTOVERS: &str = include_str!("../../../sql/staging/leftovers.sql");

/// How long a statement waits for a reader that is about to end.
const IN_LINE: &str = "SET lock_timeout = '200ms'";

/// Whether other roles have built something on an earlier copy, in a transaction that was open while it was replaced:
/// then it stays, and the log says what to do.
async fn is_used_by_others(target: &Connection, objects: &[Droppable]) -> Result<bool, Error> {
    let (classes, oids): (Vec<u32>, Vec<u32>) =
        objects.iter().map(|one| (one.class, one.oid)).unzip();
    let others = dependents(&**target, &classes, &oids, false, &[]).await;
    let others =
        others.map_err(|error| target.error("look for what depends on an earlier copy", &error))?;
    for one in &others {
        tracing::warn!(
            object = one.object,
            owner = one.owner,
            "{one} was built on an earlier copy while that was replaced; the earlier copy stays until the object is \
             dropped and created again on the new one: {}",
            one.definition.as_deref().unwrap_or("(the server does not know its definition)")
        );
    }
    Ok(!others.is_empty())
}

/// Drops them object by object, so that no transaction takes many locks, and without waiting for readers of
/// a replaced copy: what is in use is left to the next call.
pub(crate) async fn remove(target: &Connection) -> Result<(), Error> {
    let action = "look for the schemas of earlier copies";
    let found = rows(target, action, LEFTOVERS, &[]).await?;
    let schemas: Vec<String> = found.iter().map(|row| row.get("name")).collect();
    if schemas.is_empty() {
        return Ok(());
    }
    let failed = |error: &tokio_postgres::Error| target.error("drop an earlier copy", error);
    target.batch_execute(IN_LINE).await.map_err(|error| failed(&error))?;
    let objects = own_objects(target, &Objects::default()).await?;
    let is_left = |schema: &Option<String>| schema.as_ref().is_some_and(|it| schemas.contains(it));
    let objects: Vec<Droppable> = objects.into_iter().filter(|one| is_left(&one.schema)).collect();
    if is_used_by_others(target, &objects).await? {
        return target.batch_execute("SET lock_timeout = 0").await.map_err(|error| failed(&error));
    }
    let mut in_use = 0;
    let statements = objects.into_iter().map(|one| one.statement);
    let whole = schemas
        .iter()
        .map(|schema| format!("DROP SCHEMA IF EXISTS {} CASCADE", quote_identifier(schema)));
    for statement in statements.chain(whole) {
        match target.batch_execute(&statement).await {
            Err(error) if crate::on_target::locks::is_busy(&error) => in_use += 1,
            done => done.map_err(|error| failed(&error))?,
        }
    }
    if in_use > 0 {
        tracing::warn!(
            objects = in_use,
            "{} of an earlier copy could not be dropped, because others use them; the next copy drops them",
            schemas.join(", ")
        );
    }
    target.batch_execute("SET lock_timeout = 0").await.map_err(|error| failed(&error))
}
