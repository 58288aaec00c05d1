//! What a replacement took away is given back on the new tables.

use std::time::Instant;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error as Failed, GenericClient, Transaction};

use super::capture::{IS_THERE, may_be_ours};
use super::object::{Kind, Preserved, SCHEMA};
use super::store;
use crate::postgres::connection::Connection;
use crate::postgres::error_text::reason;
use crate::postgres::identifier::quote_identifier;
use crate::{DatabaseUrl, Error};
use progress::{Context, PhaseSummary, Summary};

const IS_SECURED: &str = include_str!("../../../sql/on_target/preserved/is_secured.sql");

/// As pg_restore: a function's body may name what comes later.
const SESSION: &str = "SET check_function_bodies = false";

/// Other roles' tables are locked for their keys and triggers. A transaction that somebody has left open must not stop the
/// run, nor readers wait behind it for long.
const PATIENCE: &str = "SET lock_timeout = '5s'";

/// Makes the objects of other roles again that a replacement of tables took along, and grants again what others had on the
/// old tables; also what an earlier run could not give back. What does not fit the new tables stays written down in the
/// schema [`SCHEMA`], and is named in the log with its definition.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Unreachable`], [`Error::Database`].
pub async fn give_back(target: &DatabaseUrl, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    context.check()?;
    let mut connection = Connection::open_for(context, target, "pg-replicate preserved").await?;
    let cancel = connection.canceller();
    let work = async {
        let given = match connection.batch_execute(PATIENCE).await {
            Ok(()) => give_back_within(&mut *connection).await,
            Err(error) => Err(error),
        };
        given.map_err(|error| connection.error("give back what a replacement took away", &error))
    };
    let given = cancel.run(context, work).await?;
    Ok(match given {
        0 => Summary::default(),
        objects => PhaseSummary { objects, ..PhaseSummary::ended("preserved", start) }.into(),
    })
}

/// [`give_back`] in a session or transaction of the caller; answers how many were given back.
///
/// # Errors
/// What the server said when the connection is lost.
pub async fn give_back_within<C: GenericClient + Send + Sync>(
    client: &mut C,
) -> Result<u64, Failed> {
    if store::find(client).await?.is_none() {
        return Ok(0);
    }
    let all = store::load(client).await?;
    let count = all.len();
    let left = give_all(client, all).await?;
    let given = count - left.iter().filter(|one| !one.is_ours).count();
    let mut transaction = client.transaction().await?;
    store::replace(&mut transaction, &left).await?;
    transaction.commit().await?;
    Ok(given as u64)
}

/// Gives back within the transaction of the replacement itself. What cannot be given back is written down for the next run,
/// where our role may do so.
///
/// # Errors
/// What the server said when the connection is lost.
pub async fn give_back_at_once(
    transaction: &mut Transaction<'_>,
    all: Vec<Preserved>,
) -> Result<(), Failed> {
    let left = give_all(transaction, all).await?;
    if left.is_empty() {
        return Ok(());
    }
    let savepoint = transaction.savepoint("preserved").await?;
    match store::save(&savepoint, &left).await {
        Ok(()) => savepoint.commit().await,
        Err(error) if error.as_db_error().is_none() => Err(error),
        Err(error) => {
            tracing::warn!(
                "It could not be written down in the schema {SCHEMA}: {}",
                reason(&error)
            );
            savepoint.rollback().await
        }
    }
}

/// Answers what could not be given back, each with the reason, and what is there but belongs to our role.
async fn give_all<C: GenericClient + Send + Sync>(
    client: &mut C,
    all: Vec<Preserved>,
) -> Result<Vec<Preserved>, Failed> {
    client.batch_execute(SESSION).await?;
    let (mut definitions, mut grants, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for one in all {
        match one.kind {
            Kind::Definition => definitions.push(one),
            Kind::Grants => grants.push(one),
            Kind::ByHand => by_hand.push(one),
        }
    }
    // First, for a materialized view is filled with the rights of its owner.
    grants = grant_all(client, grants).await?;
    let mut ours = Vec::new();
    loop {
        let before = definitions.len();
        let mut left = Vec::new();
        for one in definitions {
            match make(client, one).await? {
                Some(one) if one.is_ours => ours.push(one),
                one => left.extend(one),
            }
        }
        definitions = left;
        // One may need another that was written down after it.
        if definitions.is_empty() || definitions.len() == before {
            break;
        }
    }
    let mut left = definitions;
    for one in by_hand {
        if !is_there(client, &one.object).await? {
            left.push(one);
        }
    }
    for one in grants {
        left.extend(grant(client, one).await?);
    }
    for one in &left {
        one.announce();
    }
    left.extend(ours);
    Ok(left)
}

/// Makes an object again, as a whole or not at all; answers it when something is left to do.
async fn make<C: GenericClient + Send + Sync>(
    client: &mut C,
    preserved: Preserved,
) -> Result<Option<Preserved>, Failed> {
    let Preserved { object, owner, .. } = &preserved;
    let mut transaction = client.transaction().await?;
    let why = match make_within(&mut transaction, &preserved).await {
        Ok(Belongs::Owner) => {
            tracing::info!(object, owner, "{object} (of role {owner}) was made again");
            transaction.commit().await?;
            return Ok(None);
        }
        Ok(Belongs::Us) => {
            let why = format!("it belongs to our role, which is not a member of {owner}");
            tracing::warn!(object, owner, "{object} was made again, but {why}");
            transaction.commit().await?;
            return Ok(Some(Preserved { is_ours: true, reason: Some(why), ..preserved }));
        }
        Ok(Belongs::Nobody) => format!(
            "our role is not a member of {owner}, and as ours it would show or do more than before"
        ),
        Err(error) if error.as_db_error().is_none() => return Err(error),
        Err(error) => reason(&error),
    };
    transaction.rollback().await?;
    // The restore has made it, or the enrichment. Something else, or a part of it, may have its name.
    if is_there(client, object).await? {
        tracing::info!(object, "{object} is there already");
        return Ok(Some(preserved).filter(|one| one.is_ours));
    }
    Ok(Some(Preserved { is_ours: false, reason: Some(why), ..preserved }))
}

/// To whom it belongs, once made again.
enum Belongs {
    Owner,
    Us,
    /// It may not be ours: what was made is to be undone.
    Nobody,
}

async fn make_within(
    transaction: &mut Transaction<'_>,
    preserved: &Preserved,
) -> Result<Belongs, Failed> {
    for statement in &preserved.statements {
        transaction.batch_execute(statement).await?;
    }
    let mut belongs = Belongs::Owner;
    if let Some(to_owner) = &preserved.to_owner {
        let savepoint = transaction.savepoint("owner").await?;
        match savepoint.batch_execute(to_owner).await {
            Ok(()) => savepoint.commit().await?,
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                savepoint.rollback().await?;
                if !preserved.may_be_ours || !may_be_ours(&*transaction, &preserved.object).await? {
                    return Ok(Belongs::Nobody);
                }
                if let Some(grant) = &preserved.to_owner_as_ours {
                    transaction.batch_execute(grant).await?;
                }
                belongs = Belongs::Us;
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(statement) = &preserved.at_last {
        let owner = &preserved.owner;
        let is_owner = "SELECT pg_catalog.pg_has_role($1::text::name, 'USAGE') AS is_owner";
        let statement = match belongs {
            // A member that does not inherit the owner's rights. The server lets nothing that it runs here reset the role.
            Belongs::Owner
                if !transaction.query_one(is_owner, &[owner]).await?.get::<_, bool>("is_owner") =>
            {
                format!("SET LOCAL ROLE {}; {statement}; RESET ROLE", quote_identifier(owner))
            }
            _ => statement.clone(),
        };
        transaction.batch_execute(&statement).await?;
    }
    Ok(belongs)
}

async fn is_there(client: &(impl GenericClient + Sync), object: &str) -> Result<bool, Failed> {
    Ok(client.query_one(IS_THERE, &[&object]).await?.get("is_there"))
}

/// Many grants in one transaction, for there may be thousands, far away; when one of them fails, each half for itself.
async fn grant_all<C: GenericClient + Send + Sync>(
    client: &mut C,
    all: Vec<Preserved>,
) -> Result<Vec<Preserved>, Failed> {
    let (mut one_by_one, all): (Vec<Preserved>, Vec<Preserved>) =
        all.into_iter().partition(|one| one.secured_table.is_some());
    let mut parts = vec![all];
    while let Some(mut part) = parts.pop() {
        if part.len() < 2 {
            one_by_one.append(&mut part);
            continue;
        }
        let statements: Vec<&str> =
            part.iter().flat_map(|one| &one.statements).map(String::as_str).collect();
        let transaction = client.transaction().await?;
        match transaction.batch_execute(&statements.join(";\n")).await {
            Ok(()) => transaction.commit().await?,
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(_) => {
                transaction.rollback().await?;
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
            }
        }
    }
    let mut left = Vec::new();
    for one in one_by_one {
        left.extend(grant(client, one).await?);
    }
    Ok(left)
}

/// Answers what of it could not be granted.
async fn grant<C: GenericClient + Send + Sync>(
    client: &mut C,
    preserved: Preserved,
) -> Result<Option<Preserved>, Failed> {
    if let (Some(table), Some(policies)) = (&preserved.secured_table, &preserved.policies) {
        let row = client.query_opt(IS_SECURED, &[table, policies]).await?;
        if row.is_some_and(|row| !row.get::<_, bool>("is_secured")) {
            let why = format!(
                "{table} had row security by the policies {}, which it has no more: the same grants would show more rows",
                policies.join(", ")
            );
            return Ok(Some(Preserved { reason: Some(why), ..preserved }));
        }
    }
    let (mut statements, mut why) = (Vec::new(), None);
    for statement in &preserved.statements {
        let transaction = client.transaction().await?;
        match transaction.batch_execute(statement).await {
            Ok(()) => transaction.commit().await?,
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(error) => {
                transaction.rollback().await?;
                statements.push(statement.clone());
                why = Some(reason(&error));
            }
        }
    }
    let is_left = !statements.is_empty();
    Ok(is_left.then_some(Preserved { statements, reason: why, ..preserved }))
}

impl Preserved {
    fn announce(&self) {
        let Self { object, owner, statements, .. } = self;
        let reason = self.reason.as_deref().unwrap_or_default();
        tracing::warn!(
            object,
            owner,
            "{object} could not be given back: {reason}; it stays in {SCHEMA}.object and is tried again after the next \
             copy: {}",
            statements.join("; ")
        );
    }
}
