//! Drop of the objects that the restore creates again.

pub(super) mod parts;

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::object_catalog::{self, Droppable};
use super::settings::FullCopy;
use super::staging::publication::{Publication, Refused};
use crate::on_target::locks::{self, GaveUp, Patience};
use crate::on_target::{self, Dependent, dependents, preserved};
use crate::phase_shares;
use crate::postgres::catalog;
use crate::postgres::client_program::end_sessions;
use crate::postgres::connection::Connection;
use crate::{DatabaseUrl, Error, freshness};
use progress::{Context, PhaseProgress, PhaseSummary, Summary};

/// `pg_namespace`: the oids of system catalogs never change.
const PG_NAMESPACE: u32 = 2615;

/// Ends the sessions of a restore whose machine died, which may still be running. Must be called by the
/// only program that writes to the target, before it opens such sessions itself.
pub(super) async fn end_interrupted(copy: &FullCopy) -> Result<(), Error> {
    let ended = end_sessions(&copy.target, "pg-replicate restore %").await?;
    if ended > 0 {
        tracing::warn!(sessions = ended, "ended the sessions of an interrupted restore");
    }
    Ok(())
}

/// `share`: the range of the step's progress, in percent.
pub(super) async fn run(
    copy: &FullCopy,
    share: (f64, f64),
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start drop Objects AndRestoreBackup");
    context.check()?;
    let mut connection = Connection::open_for(context, &copy.target, "pg-replicate drop").await?;
    let plan = connection.run(context, plan(copy, &connection, &[])).await?;
    let dropped = plan.objects.len() as u64;
    let parts = connection.run(context, parts::divide(&connection, plan.objects.clone())).await?;
    Dropping::new(copy, &plan, context.phase("drop", share))
        .run(&mut connection, &parts, context)
        .await?;
    context.phase("drop", share).report(1.0, None, 0, 0);
    tracing::info!(objects = dropped, "End drop Objects AndRestoreBackup");
    Ok(PhaseSummary { objects: dropped, ..PhaseSummary::ended("drop", start) }.into())
}

/// Drops the objects of `plan` and puts those of `publication` into their place, in one transaction.
pub(super) async fn replace(
    copy: &FullCopy,
    connection: &mut Connection,
    plan: DropPlan,
    publication: &Publication<'_>,
    context: &Context,
) -> Result<(), Error> {
    let mut locked = plan.objects.clone();
    locked.extend(publication.objects().iter().cloned());
    if connection.run(context, parts::divide(connection, locked)).await?.len() > 1 {
        return Err(Error::Configuration(TOO_MANY_LOCKS.into()));
    }
    let mut dropping =
        Dropping::new(copy, &plan, context.phase("publication", phase_shares::PUBLICATION));
    dropping.publication = Some(publication);
    dropping.run(connection, std::slice::from_ref(&plan.objects), context).await
}

pub(super) const TOO_MANY_LOCKS: &str = "the server's lock table is too small to replace all tables in one transaction; \
     nothing was changed: raise max_locks_per_transaction, or set PUBLISH=in-place";

/// What is dropped, and what stays.
pub(super) struct DropPlan {
    pub(super) objects: Vec<Droppable>,
    /// Tables that stay, the store of what is given back among them.
    pub(super) kept: Vec<u32>,
    schemas: Vec<u32>,
    lost_foreign_keys: Vec<String>,
}

/// `extensions`: names of those that stay.
pub(super) async fn plan(
    copy: &FullCopy,
    connection: &Connection,
    extensions: &[String],
) -> Result<DropPlan, Error> {
    let mut kept = catalog::oids(&catalog::kept_tables(connection, &copy.mode).await?);
    let written_down = preserved::find(&**connection).await;
    kept.extend(written_down.map_err(|error| {
        connection.error("look for what an earlier run was to give back", &error)
    })?);
    if let Some(schema) = &copy.freshness_schema {
        let found = freshness::find(&**connection, schema).await;
        kept.extend(
            found.map_err(|error| connection.error("look for the freshness tables", &error))?,
        );
    }
    let mut survivors = object_catalog::closure(connection, &kept).await?;
    survivors.extend(object_catalog::extensions(connection, extensions).await?);
    if let Some(conflict) = survivors.conflict() {
        return Err(Error::Configuration(conflict));
    }
    let objects = object_catalog::own_objects(connection, &survivors).await?;
    let is_schema = |one: &&Droppable| one.class == PG_NAMESPACE;
    Ok(DropPlan {
        schemas: objects.iter().filter(is_schema).map(|one| one.oid).collect(),
        objects,
        lost_foreign_keys: object_catalog::lost_foreign_keys(connection, &kept).await?,
        kept,
    })
}

/// Why a transaction could not drop its part.
pub(super) enum Failure {
    /// Others hold a lock.
    Busy,
    /// The server's lock table is full.
    OutOfLocks(Error),
    Final(Error),
}

impl Failure {
    pub(super) fn of(url: &DatabaseUrl, action: &str, error: &tokio_postgres::Error) -> Self {
        if locks::is_busy(error) {
            return Self::Busy;
        }
        let is_out_of_memory = error.code() == Some(&SqlState::OUT_OF_MEMORY);
        let error = Error::database(url, action, error);
        if is_out_of_memory { Self::OutOfLocks(error) } else { Self::Final(error) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

struct Dropping<'a> {
    copy: &'a FullCopy,
    plan: &'a DropPlan,
    /// What takes the place of what is dropped, in the same transaction.
    publication: Option<&'a Publication<'a>>,
    url: DatabaseUrl,
    /// Objects of other roles that were already announced.
    announced: HashSet<String>,
    done: u64,
    all: u64,
    progress: PhaseProgress<'a>,
}

impl<'a> Dropping<'a> {
    fn new(copy: &'a FullCopy, plan: &'a DropPlan, progress: PhaseProgress<'a>) -> Self {
        Self {
            copy,
            plan,
            publication: None,
            url: copy.target.clone(),
            announced: HashSet::new(),
            done: 0,
            all: plan.objects.len() as u64,
            progress,
        }
    }

    /// Drops each of `parts` in one transaction.
    async fn run(
        &mut self,
        connection: &mut Connection,
        parts: &[Vec<Droppable>],
        context: &Context,
    ) -> Result<(), Error> {
        for key in &self.plan.lost_foreign_keys {
            tracing::warn!(
                foreign_key = key,
                "a kept table's foreign key goes with the table it refers to, and is not made again"
            );
        }
        let cancel = connection.canceller();
        cancel.run(context, self.all(connection, parts)).await
    }

    async fn all(
        &mut self,
        connection: &mut Connection,
        parts: &[Vec<Droppable>],
    ) -> Result<(), Error> {
        let mut rest: VecDeque<&[Droppable]> = parts.iter().map(Vec::as_slice).collect();
        let limit = self.copy.on_target.lock_timeout;
        let mut patience = Patience::new(&**connection, limit)
            .await
            .map_err(|error| connection.error("read deadlock_timeout", &error))?;
        if rest.len() > 1 {
            tracing::warn!(
                transactions = rest.len(),
                "There is more to drop than the server's lock table holds (max_locks_per_transaction): \
                 {} transactions, between which readers see a part of it",
                rest.len()
            );
            // Once the first part has been dropped, the others must follow.
            let relations: Vec<u32> = parts.iter().flat_map(|part| relations(part)).collect();
            let free = patience.until_free(&**connection, &relations).await;
            free.map_err(|error| self.gave_up(error))?;
        }
        while let Some(part) = rest.pop_front() {
            match self.part(connection, part, rest.is_empty(), &mut patience).await {
                Ok(()) => self.done += part.len() as u64,
                Err(Failure::OutOfLocks(_)) if self.publication.is_some() => {
                    return Err(Error::Configuration(TOO_MANY_LOCKS.into()));
                }
                Err(Failure::OutOfLocks(_)) if part.len() > 1 => {
                    tracing::warn!(
                        objects = part.len(),
                        "The server's lock table is full (max_locks_per_transaction): two transactions \
                         take the place of one, and readers see a part of what is dropped between them"
                    );
                    let (first, second) = part.split_at(part.len() / 2);
                    rest.push_front(second);
                    rest.push_front(first);
                }
                Err(Failure::Busy) => rest.push_front(part),
                Err(Failure::OutOfLocks(error) | Failure::Final(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Drops one part in one transaction.
    async fn part(
        &mut self,
        connection: &mut Connection,
        part: &[Droppable],
        is_last: bool,
        patience: &mut Patience,
    ) -> Result<(), Failure> {
        let url = self.url.clone();
        let mut transaction = connection
            .transaction()
            .await
            .map_err(|error| Error::database(&url, "begin the transaction that drops", &error))?;
        if let Some(publication) = self.publication {
            let prepared = publication.prepare(&transaction).await;
            prepared.map_err(|error| self.failure("prepare the publication", &error))?;
            let locked = publication.lock(&transaction).await;
            locked.map_err(|error| self.failure("lock the new copy", &error))?;
        }
        let tried = self.try_until_free(&mut transaction, part, is_last, patience).await;
        if let Err(failure) = tried {
            // Rolls back, so that others do not wait until the connection is closed.
            let _ = transaction.rollback().await;
            return Err(failure);
        }
        let committed = transaction.commit().await;
        Ok(committed.map_err(|error| Error::database(&url, "commit what was dropped", &error))?)
    }

    async fn try_until_free(
        &mut self,
        transaction: &mut Transaction<'_>,
        part: &[Droppable],
        is_last: bool,
        patience: &mut Patience,
    ) -> Result<(), Failure> {
        let url = self.url.clone();
        let relations: Vec<u32> = relations(part).collect();
        loop {
            let savepoint = transaction.savepoint("pg_replicate").await;
            let mut savepoint =
                savepoint.map_err(|error| Error::database(&url, "set a savepoint", &error))?;
            match self.try_part(&mut savepoint, part, is_last, patience).await {
                Err(Failure::Busy) => savepoint
                    .rollback()
                    .await
                    .map_err(|error| Error::database(&url, "roll back to a savepoint", &error))?,
                result => {
                    result?;
                    let released = savepoint.commit().await;
                    return Ok(released
                        .map_err(|error| Error::database(&url, "release a savepoint", &error))?);
                }
            }
            let gave_way = patience.give_way(&*transaction, &relations).await;
            gave_way.map_err(|error| self.gave_up(error))?;
        }
    }

    async fn try_part(
        &mut self,
        transaction: &mut Transaction<'_>,
        part: &[Droppable],
        is_last: bool,
        patience: &Patience,
    ) -> Result<(), Failure> {
        // Whoever reads a view locks it before its tables.
        let views: Vec<&str> = part.iter().filter_map(|one| one.view.as_deref()).collect();
        locks::lock_views(&*transaction, &views, patience.in_line())
            .await
            .map_err(|error| self.failure("lock the views to drop", &error))?;
        let tables: Vec<String> = part.iter().filter_map(|one| one.lockable.clone()).collect();
        locks::lock(&*transaction, &tables, patience.in_line())
            .await
            .map_err(|error| self.failure("lock the tables to drop", &error))?;
        self.announce(transaction, part).await?;
        for (number, Droppable { object, statement, .. }) in part.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let done = (self.done + number as u64) as f64 / self.all as f64;
            self.progress.report(done, Some(object.clone()), 0, 0);
            transaction
                .batch_execute(statement)
                .await
                .map_err(|error| self.failure(&format!("drop {object}"), &error))?;
        }
        if is_last && !self.has_public(transaction).await? {
            // The schema public may have been owned by the role and dropped; restores need it.
            transaction
                .batch_execute("CREATE SCHEMA IF NOT EXISTS public")
                .await
                .map_err(|error| self.failure("create the schema public", &error))?;
        }
        if !self.kept_survive(transaction).await? {
            let wrong = "a kept table would have been dropped: nothing was changed";
            return Err(Error::Configuration(wrong.into()).into());
        }
        let Some(publication) = self.publication.filter(|_| is_last) else { return Ok(()) };
        publication.finish(transaction).await.map_err(|refused| match refused {
            Refused::Server(action, error) => self.failure(&action, &error),
            Refused::Fatal(error) => Failure::Final(error),
        })
    }

    /// Announces the objects of other roles that are dropped with a part; none with rows may be, unless
    /// allowed.
    async fn announce(
        &mut self,
        transaction: &Transaction<'_>,
        part: &[Droppable],
    ) -> Result<(), Failure> {
        let (classes, oids): (Vec<u32>, Vec<u32>) = part
            .iter()
            .filter(|one| !one.is_large_object())
            .map(|one| (one.class, one.oid))
            .unzip();
        let others = dependents(transaction, &classes, &oids, false, &self.plan.kept)
            .await
            .map_err(|error| self.failure("look for what depends on what is dropped", &error))?;
        if !self.copy.on_target.drops_dependents
            && let Some(refusal) = on_target::refusal(&others)
        {
            return Err(Error::Configuration(refusal).into());
        }
        self.write_down(transaction, &classes, &oids, &others).await?;
        for dependent in others {
            if self.announced.insert(dependent.object.clone()) {
                dependent.announce();
            }
        }
        Ok(())
    }

    /// Writes down what is given back after the copy.
    async fn write_down(
        &self,
        transaction: &Transaction<'_>,
        classes: &[u32],
        oids: &[u32],
        others: &[Dependent],
    ) -> Result<(), Failure> {
        let write = async {
            let lost =
                preserved::capture(transaction, classes, oids, others, &self.plan.schemas).await?;
            preserved::save(transaction, &lost).await
        };
        write
            .await
            .map_err(|error| self.failure("write down what is given back after the copy", &error))
    }

    async fn has_public(&self, transaction: &Transaction<'_>) -> Result<bool, Failure> {
        const SQL: &str =
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public')";
        let row = transaction.query_one(SQL, &[]).await;
        row.map(|row| row.get(0))
            .map_err(|error| self.failure("look for the schema public", &error))
    }

    async fn kept_survive(&self, transaction: &Transaction<'_>) -> Result<bool, Failure> {
        const SQL: &str = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])";
        let kept = &self.plan.kept;
        let found: i64 = transaction
            .query_one(SQL, &[kept])
            .await
            .map_err(|error| self.failure("look for the kept tables", &error))?
            .get(0);
        Ok(found.unsigned_abs() == kept.len() as u64)
    }

    fn failure(&self, action: &str, error: &tokio_postgres::Error) -> Failure {
        Failure::of(&self.url, action, error)
    }

    fn gave_up(&self, error: GaveUp) -> Error {
        match error {
            GaveUp::Server(error) => {
                Error::database(&self.url, "look for who uses the tables to drop", &error)
            }
            GaveUp::Busy { waited, holders } => Error::Busy(format!(
                "the objects to be replaced could not be locked within {} s: {} in use by {}; {}; end those \
                 sessions or wait for them, or raise TARGET_LOCK_TIMEOUT",
                waited.as_secs(),
                holders.blocked,
                holders.sessions,
                if self.done == 0 {
                    "nothing was changed".to_owned()
                } else {
                    format!("{} of {} objects are dropped", self.done, self.all)
                }
            )),
        }
    }
}

fn relations(part: &[Droppable]) -> impl Iterator<Item = u32> {
    part.iter().filter(|one| one.is_relation()).map(|one| one.oid)
}
