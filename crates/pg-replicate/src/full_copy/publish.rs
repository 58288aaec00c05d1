//! Publication: a copy that was built beside the live one takes its place.
//!
//! Where a schema holds nothing but what is replaced, it is renamed, which needs no lock on any table: readers
//! neither wait nor are waited for. Otherwise the old objects are dropped and the new ones moved, in one
//! transaction that gives way to readers.

use std::time::Instant;

use super::drop::{self, DropPlan, Failure, TOO_MANY_LOCKS, parts};
use super::object_catalog::{self, Droppable};
use super::restore_plan::RestorePlan;
use super::settings::FullCopy;
use super::staging::publication::{Fresh, Publication, Refused, Replaced};
use super::staging::{Staging, leftovers, refused};
use crate::on_target::dependents;
use crate::phase_shares;
use crate::postgres::catalog::{self, rows};
use crate::postgres::connection::Connection;
use crate::{Check, DatabaseUrl, Error};
use progress::{Context, PhaseSummary, Summary};

const RENAMABLE: &str = include_str!("../../sql/staging/renamable.sql");

/// How the live copy makes room.
struct Way {
    /// The schemas that can be renamed, since they hold nothing else.
    renamed: Vec<Replaced>,
    /// Why objects have to be dropped, if they have to.
    drops: Option<String>,
}

/// Refuses, before it is built, a copy that could not be published.
///
/// # Errors
/// [`Error::Preflight`].
pub(super) async fn check(
    copy: &FullCopy,
    staging: &Staging,
    target: &Connection,
) -> Result<(), Error> {
    let mut plan = drop::plan(copy, target, &staging.extensions).await?;
    plan.objects = Publication::divide(staging, plan.objects).1;
    let way = way(target, staging, &plan).await?;
    if way.drops.is_some() && !parts::can_be_replaced(target, &plan.objects).await? {
        return Err(Error::Preflight(vec![Check::bad("PUBLISH", TOO_MANY_LOCKS)]));
    }
    if catalog::server(target).await?.is_superuser {
        return Ok(());
    }
    let is_renamed = |schema: &str| way.renamed.iter().any(|one| one.name == schema);
    for (schema, name) in staging.ranges() {
        let exists = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
        let exists = rows(target, "look for a schema", exists, &[&schema]).await?;
        if !exists.is_empty() && !is_renamed(schema) {
            let reason = way.drops.unwrap_or_default();
            return Err(refused(&format!(
                "only a superuser can move the constructors of range type {schema}.{name}, and {reason}"
            )));
        }
    }
    Ok(())
}

/// Replaces the live copy; readers see the old one or the new one, never anything in between.
///
/// # Errors
/// As [`FullCopy::drop_objects`], with nothing changed; [`Error::Restore`] with what could not be created.
pub(super) async fn run(
    copy: &FullCopy,
    staging: &Staging,
    restored: &RestorePlan,
    fresh: Option<Fresh<'_>>,
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    context.check()?;
    let mut connection =
        Connection::open_for(context, &copy.target, "pg-replicate publication").await?;
    let plan = async {
        let mut plan = drop::plan(copy, &connection, &staging.extensions).await?;
        let schemas: Vec<&str> = staging.renaming.schemas().map(|(_, staged)| staged).collect();
        let parts = object_catalog::range_parts(&connection, &schemas).await?;
        let (mut objects, others) = Publication::divide(staging, std::mem::take(&mut plan.objects));
        objects.extend(parts);
        plan.objects = others;
        let way = way(&connection, staging, &plan).await?;
        Ok((plan, objects, way))
    };
    let (plan, objects, way) = connection.run(context, plan).await?;
    let (published, replaced) = (objects.len() as u64, plan.objects.len() as u64);
    let mut publication = Publication::new(staging, restored, objects, way.renamed);
    publication.record(fresh, plan.kept.clone());
    match way.drops {
        None => {
            tracing::info!("The copy is published by renaming schemas: no table is locked");
            publication.keep_account_of(addresses(&plan.objects));
            let cancel = connection.canceller();
            let work = rename(&copy.target, &mut connection, &plan, &publication);
            cancel.run(context, work).await?;
        }
        Some(reason) => {
            tracing::info!(
                reason,
                "The copy is published by moving its objects, with a lock on each table: {reason}"
            );
            publication.dropped = plan.objects.iter().map(|one| one.oid).collect();
            drop::replace(copy, &mut connection, plan, &publication, context).await?;
        }
    }
    tracing::info!(objects = published, replaced, "Published: readers see the new copy");
    if let Err(error) = connection.run(context, leftovers::remove(&connection)).await {
        tracing::warn!("The last copy is left to the next one, which drops it: {error}");
    }
    context.phase("publication", phase_shares::PUBLICATION).report(1.0, None, 0, 0);
    Ok(PhaseSummary { objects: published, ..PhaseSummary::ended("publication", start) }.into())
}

async fn way(connection: &Connection, staging: &Staging, plan: &DropPlan) -> Result<Way, Error> {
    let (classes, oids) = addresses(&plan.objects);
    let single = |one: &&Droppable| one.schema.is_none() && !one.is_large_object();
    let mut drops =
        plan.objects.iter().find(single).map(|one| format!("{} has to be dropped", one.object));
    let others = dependents(&**connection, &classes, &oids, false, &plan.kept).await;
    let others = others
        .map_err(|error| connection.error("look for what depends on what is dropped", &error))?;
    drops = drops.or(others.first().map(|one| format!("{one} depends on the old copy")));
    let names: Vec<&str> = staging.renaming.schemas().map(|(schema, _)| schema).collect();
    let action = "look at the schemas to replace";
    let mut renamed = Vec::new();
    for row in rows(connection, action, RENAMABLE, &[&classes, &oids, &names]).await? {
        let name: String = row.get("name");
        if let Some(obstacle) = row.get::<_, Option<&str>>("obstacle") {
            drops.get_or_insert(format!("schema {name} cannot be renamed: {obstacle}"));
            continue;
        }
        renamed.push(Replaced {
            oid: row.get("oid"),
            owner: row.get("owner"),
            is_ours: row.get("is_ours"),
            comment: row.get("comment"),
            name,
        });
    }
    if drops.is_some() {
        // The others are dropped.
        renamed.retain(|schema| !oids.contains(&schema.oid));
    }
    Ok(Way { renamed, drops })
}

fn addresses(objects: &[Droppable]) -> (Vec<u32>, Vec<u32>) {
    objects.iter().filter(|one| !one.is_large_object()).map(|one| (one.class, one.oid)).unzip()
}

async fn rename(
    url: &DatabaseUrl,
    connection: &mut Connection,
    plan: &DropPlan,
    publication: &Publication<'_>,
) -> Result<(), Error> {
    let done = async {
        let begin = Refused::at("begin the publication");
        let mut transaction = connection.transaction().await.map_err(begin)?;
        let old = plan.objects.iter().filter(|one| one.is_large_object());
        let old: String = old.map(|one| format!("{};\n", one.statement)).collect();
        let dropped = transaction.batch_execute(&old).await;
        dropped.map_err(Refused::at("drop the old large objects"))?;
        let prepared = publication.prepare(&transaction).await;
        prepared.map_err(Refused::at("prepare the publication"))?;
        publication.finish(&mut transaction).await?;
        transaction.commit().await.map_err(Refused::at("commit the publication"))
    };
    done.await.map_err(|refused: Refused| match refused {
        Refused::Server(action, error) => match Failure::of(url, &action, &error) {
            Failure::Final(error) | Failure::OutOfLocks(error) => error,
            Failure::Busy => Error::database(url, action, &error),
        },
        Refused::Fatal(error) => error,
    })
}
