//! A copy takes the place of the live one, within one transaction.

use std::collections::HashSet;

use tokio_postgres::{Error as Failed, Transaction};

use super::{OLD, Staging};
use crate::archive::Entry;
use crate::freshness::{Run, full_tables, record};
use crate::full_copy::failure::Failure;
use crate::full_copy::failure_policy::FailurePolicy;
use crate::full_copy::object_catalog::Droppable;
use crate::full_copy::restore_plan::RestorePlan;
use crate::full_copy::statements::{log_class, missing_roles};
use crate::on_target::preserved;
use crate::postgres::error_text::reason;
use crate::postgres::identifier::{quote_identifier, quote_literal};
use crate::{Error, ObjectFailure};
use progress::CopyFacts;

/// As pg_restore: bodies of routines may refer to later objects. Readers may be waiting, so nothing waits for long.
const SESSION: &str = "SET LOCAL check_function_bodies = false; SET LOCAL lock_timeout = '500ms'";

/// Tables in which rows can be locked against everybody; nobody knows of them yet.
const LOCK: &str = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE";

/// `pg_namespace`: the oids of system catalogs never change.
const PG_NAMESPACE: u32 = 2615;

const SCRIPT_ROUTINES: &str = include_str!("../../../sql/staging/script_routines.sql");

/// Why a publication was not done.
pub(crate) enum Refused {
    /// A statement was refused.
    Server(String, Failed),
    /// It would not be whole.
    Fatal(Error),
}

impl Refused {
    pub(crate) fn at(action: impl Into<String>) -> impl FnOnce(Failed) -> Self {
        let action = action.into();
        move |error| Self::Server(action, error)
    }
}

/// A live schema that makes room.
pub(crate) struct Replaced {
    pub(crate) oid: u32,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) is_ours: bool,
    pub(crate) comment: Option<String>,
}

/// What the freshness tables will say.
pub(crate) struct Fresh<'a> {
    pub(crate) schema: &'a str,
    pub(crate) run: Run,
    pub(crate) facts: &'a CopyFacts,
}

/// A copy that is whole.
pub(crate) struct Publication<'a> {
    staging: &'a Staging,
    restored: &'a RestorePlan,
    /// What was built.
    objects: Vec<Droppable>,
    replaced: Vec<Replaced>,
    /// Classes and oids of objects whose privileges are given again.
    account: (Vec<u32>, Vec<u32>),
    fresh: Option<Fresh<'a>>,
    /// Schemas that are dropped, with an account of their own.
    pub(crate) dropped: Vec<u32>,
    /// Tables that are not copied.
    kept: Vec<u32>,
}

impl<'a> Publication<'a> {
    /// Divides the objects of our role on the target: those of this copy, and all others.
    pub(crate) fn divide(
        staging: &Staging,
        own: Vec<Droppable>,
    ) -> (Vec<Droppable>, Vec<Droppable>) {
        let schemas: HashSet<&str> = staging.renaming.schemas().map(|(_, staged)| staged).collect();
        // An earlier copy that is still in use is no part of the live one.
        let is_old = |one: &Droppable| one.schema.as_ref().is_some_and(|it| it.starts_with(OLD));
        own.into_iter().filter(|one| !is_old(one)).partition(|one| {
            one.schema.as_deref().is_some_and(|schema| schemas.contains(schema))
                || one.is_large_object() && staging.large_objects.is_staged(one.oid)
        })
    }

    /// `objects`: what was built; `replaced`: the live schemas that can be renamed.
    pub(crate) fn new(
        staging: &'a Staging,
        restored: &'a RestorePlan,
        objects: Vec<Droppable>,
        replaced: Vec<Replaced>,
    ) -> Self {
        let account = replaced.iter().map(|schema| (PG_NAMESPACE, schema.oid)).unzip();
        Self {
            staging,
            restored,
            objects,
            replaced,
            account,
            fresh: None,
            dropped: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Writes down what is published, in the same transaction.
    pub(crate) fn record(&mut self, fresh: Option<Fresh<'a>>, kept: Vec<u32>) {
        self.fresh = fresh;
        self.kept = kept;
    }

    /// The privileges on these objects, too, are given again on the new ones.
    pub(crate) fn keep_account_of(&mut self, (classes, oids): (Vec<u32>, Vec<u32>)) {
        for address in classes.into_iter().zip(oids) {
            if !self.account.1.contains(&address.1) {
                self.account.0.push(address.0);
                self.account.1.push(address.1);
            }
        }
    }

    /// What was built.
    pub(crate) fn objects(&self) -> &[Droppable] {
        &self.objects
    }

    /// Before the live copy makes room: writes down what its schemas give to new objects by default.
    pub(crate) async fn prepare(&self, transaction: &Transaction<'_>) -> Result<(), Failed> {
        const SCHEMAS: &str =
            "SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) AND oid <> ALL ($2)";
        let names: Vec<&str> = self.staging.renaming.schemas().map(|(schema, _)| schema).collect();
        let schemas = transaction.query(SCHEMAS, &[&names, &self.dropped]).await?;
        let schemas: Vec<u32> = schemas.iter().map(|row| row.get(0)).collect();
        let defaults = preserved::default_privileges(transaction, &schemas).await?;
        preserved::save(transaction, &defaults).await
    }

    /// Locks what was built, so that moving it waits for nobody while readers wait. The transaction may wait for
    /// these locks, because nobody waits for it yet.
    pub(crate) async fn lock(&self, transaction: &Transaction<'_>) -> Result<(), Failed> {
        let tables: Vec<&str> =
            self.objects.iter().filter_map(|one| one.lockable.as_deref()).collect();
        if tables.is_empty() {
            return Ok(());
        }
        transaction.batch_execute(&LOCK.replace("{}", &tables.join(", "))).await
    }

    /// Gives what was built its final names, after the live copy has made room for it.
    pub(crate) async fn finish(&self, transaction: &mut Transaction<'_>) -> Result<(), Refused> {
        let built = self.objects.len() as u64;
        if self.count(transaction).await? != built {
            let lost = "objects of the new copy were dropped together with the old one: nothing was changed";
            return Err(Refused::Fatal(Error::Configuration(lost.into())));
        }
        transaction.batch_execute(SESSION).await.map_err(Refused::at("set up the session"))?;
        let published = self.staging.large_objects.publish(transaction).await;
        published.map_err(Refused::at("publish large objects"))?;
        self.make_room(transaction).await?;
        self.place(transaction).await?;
        for schema in &self.replaced {
            give_to_owner(transaction, schema).await?;
        }
        self.restore_late(transaction).await?;
        self.replace_routines(transaction).await?;
        preserved::give_back_within(transaction)
            .await
            .map_err(Refused::at("give back what a replacement took away"))?;
        self.write_down(transaction).await.map_err(Refused::at("write down what was copied"))
    }

    /// That it cannot be written down is a warning: the tables appear older than they are.
    async fn write_down(&self, transaction: &mut Transaction<'_>) -> Result<(), Failed> {
        let Some(Fresh { schema, run, facts }) = &self.fresh else { return Ok(()) };
        let savepoint = transaction.savepoint("fresh").await?;
        let written = async {
            let tables = full_tables(&savepoint, schema, &self.kept, facts).await?;
            record(&savepoint, schema, &Run { tables, ..run.clone() }).await
        };
        match written.await {
            Ok(()) => savepoint.commit().await,
            Err(error) if error.as_db_error().is_none() => Err(error),
            Err(error) => {
                tracing::warn!("How fresh the tables are was not written down: {}", reason(&error));
                savepoint.rollback().await
            }
        }
    }

    /// How many of the objects that were built exist.
    async fn count(&self, transaction: &Transaction<'_>) -> Result<u64, Refused> {
        const SQL: &str = "SELECT count(*) FROM unnest($1::oid[], $2::oid[]) AS built (classid, objid) \
             WHERE (pg_catalog.pg_identify_object(classid, objid, 0)).identity IS NOT NULL";
        let (classes, oids): (Vec<u32>, Vec<u32>) =
            self.objects.iter().map(|one| (one.class, one.oid)).unzip();
        let row = transaction.query_one(SQL, &[&classes, &oids]).await;
        let row = row.map_err(Refused::at("look for the objects of the new copy"))?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Renames the schemas of the live copy.
    async fn make_room(&self, transaction: &Transaction<'_>) -> Result<(), Refused> {
        const OLD_NAMES: &str = "SELECT coalesce(pg_catalog.max(pg_catalog.substr(nspname, $1)::int), 0) \
             FROM pg_catalog.pg_namespace WHERE nspname ~ ('^' || $2 || '[0-9]{1,8}$')";
        if self.replaced.is_empty() {
            return Ok(());
        }
        let (classes, oids) = &self.account;
        let write_down = async {
            let lost = preserved::capture(transaction, classes, oids, &[], &[]).await?;
            preserved::save(transaction, &lost).await
        };
        write_down.await.map_err(Refused::at("write down what is given back after the copy"))?;
        // Those of earlier copies may still be in use.
        let from = i32::try_from(OLD.len()).unwrap_or_default() + 1;
        let last = transaction.query_one(OLD_NAMES, &[&from, &OLD]).await;
        let last: i32 = last.map_err(Refused::at("look for the schemas of earlier copies"))?.get(0);
        let renamed = self.replaced.iter().zip(last + 1..).map(|(schema, number)| {
            format!("ALTER SCHEMA {} RENAME TO {OLD}{number};\n", quote_identifier(&schema.name))
        });
        let renamed = transaction.batch_execute(&renamed.collect::<String>()).await;
        renamed.map_err(Refused::at("rename the schemas of the old copy"))
    }

    /// Renames the schemas, or moves their objects into existing ones.
    async fn place(&self, transaction: &Transaction<'_>) -> Result<(), Refused> {
        const EXISTING: &str =
            "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)";
        let schemas: Vec<(&str, &str)> = self.staging.renaming.schemas().collect();
        let names: Vec<&str> = schemas.iter().map(|(schema, _)| *schema).collect();
        let existing = transaction.query(EXISTING, &[&names]).await;
        let existing = existing.map_err(Refused::at("look for the schemas to publish"))?;
        let existing: HashSet<&str> = existing.iter().map(|row| row.get(0)).collect();
        let (moved, renamed): (Vec<_>, Vec<_>) =
            schemas.into_iter().partition(|(schema, _)| existing.contains(schema));
        let mut sql = String::new();
        // Routines and operators are named with their types, and have to be moved before these.
        for is_type in [false, true] {
            for (schema, staged) in &moved {
                let name = quote_identifier(schema);
                self.objects
                    .iter()
                    .filter(|one| one.schema.as_deref() == Some(staged) && one.is_type() == is_type)
                    .filter_map(|one| one.altered.as_deref())
                    .for_each(|altered| sql.push_str(&format!("{altered} SET SCHEMA {name};\n")));
            }
        }
        for (_, staged) in &moved {
            sql.push_str(&format!("DROP SCHEMA {} RESTRICT;\n", quote_identifier(staged)));
        }
        for (schema, staged) in &renamed {
            let (name, its) = (quote_identifier(schema), quote_identifier(staged));
            sql.push_str(&format!("ALTER SCHEMA {its} RENAME TO {name};\n"));
        }
        transaction.batch_execute(&sql).await.map_err(Refused::at("publish the new copy"))
    }

    /// What exists only once in a database.
    async fn restore_late(&self, transaction: &mut Transaction<'_>) -> Result<(), Refused> {
        let mut policy = self.restored.failure_policy();
        let mut failures = Vec::new();
        for entry in &self.staging.late {
            if let Some(failure) = restore(transaction, entry).await? {
                failures.extend(fatal(&mut policy, &failure));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(Refused::Fatal(Error::Restore(failures))) }
    }

    async fn replace_routines(&self, transaction: &Transaction<'_>) -> Result<(), Refused> {
        for (entry, sql) in &self.staging.routines {
            let done = transaction.batch_execute(sql).await;
            done.map_err(Refused::at(format!("replace {entry} on the target")))?;
        }
        let (names, staged): (Vec<&str>, Vec<&str>) = self.staging.renaming.schemas().unzip();
        let action = || Refused::at("replace the routines of the enrichment");
        for row in transaction.query(SCRIPT_ROUTINES, &[&names]).await.map_err(action())? {
            let quoted: Vec<&str> = row.get("quoted");
            let sql = staged.iter().zip(quoted).fold(row.get(0), |sql: String, (staged, name)| {
                sql.replace(&format!("{}.", quote_identifier(staged)), &format!("{name}."))
            });
            transaction.batch_execute(&sql).await.map_err(action())?;
        }
        Ok(())
    }
}

fn fatal(policy: &mut FailurePolicy<'_>, failure: &Failure) -> Option<ObjectFailure> {
    log_class(policy.classify(failure))
}

/// The new schema gets the owner and the comment of the old one.
async fn give_to_owner(
    transaction: &mut Transaction<'_>,
    schema: &Replaced,
) -> Result<(), Refused> {
    const UNKNOWN: &str = "SELECT pg_catalog.to_regnamespace($1) IS NOT NULL AS exists, \
         pg_catalog.obj_description(pg_catalog.to_regnamespace($1)::oid, 'pg_namespace') IS NULL AS is_bare";
    let name = quote_identifier(&schema.name);
    let action = || Refused::at(format!("publish the schema {}", schema.name));
    let found = transaction.query_one(UNKNOWN, &[&name]).await.map_err(action())?;
    if !found.get::<_, bool>("exists") {
        return Ok(());
    }
    if let (true, Some(comment)) = (found.get("is_bare"), &schema.comment) {
        let sql = format!("COMMENT ON SCHEMA {name} IS {}", quote_literal(comment));
        transaction.batch_execute(&sql).await.map_err(action())?;
    }
    if schema.is_ours {
        return Ok(());
    }
    let savepoint = transaction.savepoint("owner").await.map_err(action())?;
    let sql = format!("ALTER SCHEMA {name} OWNER TO {}", quote_identifier(&schema.owner));
    match savepoint.batch_execute(&sql).await {
        Ok(()) => savepoint.commit().await.map_err(action()),
        Err(error) if error.as_db_error().is_none() => Err(action()(error)),
        Err(_) => {
            tracing::warn!(
                "Schema {} belonged to {}, to whom our role cannot give it: it is ours now",
                schema.name,
                schema.owner
            );
            savepoint.rollback().await.map_err(action())
        }
    }
}

async fn restore(
    transaction: &mut Transaction<'_>,
    entry: &Entry,
) -> Result<Option<Failure>, Refused> {
    let action = || Refused::at(format!("create {entry} on the target"));
    let savepoint = transaction.savepoint("entry").await.map_err(action())?;
    match savepoint.batch_execute(&entry.definition).await {
        Ok(()) => {
            savepoint.commit().await.map_err(action())?;
            Ok(None)
        }
        Err(error) if error.as_db_error().is_none() => Err(action()(error)),
        Err(error) => {
            savepoint.rollback().await.map_err(action())?;
            let mut failure = Failure::of(entry, reason(&error));
            failure.code = error.code().cloned();
            failure.missing_roles = missing_roles(transaction, entry, failure.code.as_ref())
                .await
                .map_err(Refused::at("look for roles"))?;
            Ok(Some(failure))
        }
    }
}
