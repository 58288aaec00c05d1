//! Drops what the restore makes anew.

use std::time::Instant;

use tokio_postgres::Transaction;

use super::{FullCopy, catalog};
use crate::child::end_sessions;
use crate::connection::Connection;
use crate::summary::PhaseSummary;
use crate::{Context, Error, Summary};

/// `share`: from which percentage of the step to which.
pub(super) async fn run(
    copy: &FullCopy,
    share: (f64, f64),
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start drop Objects AndRestoreBackup");
    context.check()?;
    // A restore whose machine died may still be at work.
    let ended = end_sessions(&copy.target, "pg-replicate restore %").await?;
    if ended > 0 {
        tracing::warn!(sessions = ended, "ended the sessions of an interrupted restore");
    }
    let mut connection = Connection::open_for(context, &copy.target, "pg-replicate drop").await?;
    let dropped = {
        let plan = connection.run(context, plan(copy, &connection)).await?;
        for key in &plan.lost_foreign_keys {
            tracing::warn!(
                foreign_key = key,
                "a kept table's foreign key goes with the table it refers to"
            );
        }
        execute(&mut connection, &plan, share, context).await?;
        plan.statements.len() as u64
    };
    context.phase("drop", share).report(1.0, None, 0, 0);
    tracing::info!(objects = dropped, "End drop Objects AndRestoreBackup");
    Ok(PhaseSummary { objects: dropped, ..PhaseSummary::ended("drop", start) }.into())
}

struct Plan {
    /// Object and statement.
    statements: Vec<(String, String)>,
    kept: Vec<u32>,
    lost_foreign_keys: Vec<String>,
}

async fn plan(copy: &FullCopy, connection: &Connection) -> Result<Plan, Error> {
    let kept = catalog::oids(&catalog::kept_tables(connection, &copy.mode).await?);
    let survivors = catalog::closure(connection, &kept).await?;
    if !survivors.conflicts.is_empty() {
        return Err(Error::Configuration(super::check::conflict(&survivors.conflicts)));
    }
    Ok(Plan {
        statements: catalog::own_objects(connection, &survivors).await?,
        lost_foreign_keys: catalog::lost_foreign_keys(connection, &kept).await?,
        kept,
    })
}

async fn execute(
    connection: &mut Connection,
    plan: &Plan,
    share: (f64, f64),
    context: &Context,
) -> Result<(), Error> {
    let url = connection.url().clone();
    let cancel = connection.canceller();
    let transaction = connection
        .transaction()
        .await
        .map_err(|error| Error::database(&url, "begin the transaction that drops", &error))?;
    let work = async {
        let mut progress = context.phase("drop", share);
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        for (number, (object, statement)) in plan.statements.iter().enumerate() {
            progress.report(
                number as f64 / plan.statements.len() as f64,
                Some(object.clone()),
                0,
                0,
            );
            transaction
                .batch_execute(statement)
                .await
                .map_err(|error| Error::database(&url, format!("drop {object}"), &error))?;
        }
        // A role that owned the schema public has none now; restores need it.
        let public = "CREATE SCHEMA IF NOT EXISTS public";
        if !has_public(&transaction)
            .await
            .map_err(|error| Error::database(&url, "look for the schema public", &error))?
        {
            transaction
                .batch_execute(public)
                .await
                .map_err(|error| Error::database(&url, "create the schema public", &error))?;
        }
        verify(&transaction, &plan.kept)
            .await
            .map_err(|error| Error::database(&url, "look for the kept tables", &error))
    };
    let survived = cancel.run(context, work).await?;
    if !survived {
        return Err(Error::Configuration(
            "a kept table would have been dropped: nothing was changed".into(),
        ));
    }
    transaction
        .commit()
        .await
        .map_err(|error| Error::database(&url, "commit what was dropped", &error))
}

async fn has_public(transaction: &Transaction<'_>) -> Result<bool, tokio_postgres::Error> {
    const SQL: &str =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public')";
    transaction.query_one(SQL, &[]).await.map(|row| row.get(0))
}

/// Whether every kept table is still there.
async fn verify(
    transaction: &Transaction<'_>,
    kept: &[u32],
) -> Result<bool, tokio_postgres::Error> {
    const SQL: &str = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])";
    let found: i64 = transaction.query_one(SQL, &[&kept]).await?.get(0);
    Ok(found.unsigned_abs() == kept.len() as u64)
}
