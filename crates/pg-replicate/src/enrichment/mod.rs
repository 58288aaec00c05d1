//! What analysts need beside the copy, from an SQL script.

mod script;

use std::time::Instant;

use crate::connection::Connection;
use crate::context::share;
use crate::identifier::{DEFAULT_SCHEMA, quote_identifier};
use crate::summary::PhaseSummary;
use crate::{BackupMode, Context, DatabaseUrl, Error, Summary, TableName};
use script::{Action, Step};

/// Today's view and four indexes; the file says how statements are given conditions.
pub const DEFAULT_SCRIPT: &str = include_str!("../../sql/enrichment.sql");

const RELATION: &str = include_str!("../../sql/relation.sql");

/// Whether `script` can be read: quotes are closed, conditions name tables, no statement is used
/// that cannot run on its own. The server is not asked.
///
/// # Errors
/// [`Error::Script`] with the line.
pub fn validate(script: &str) -> Result<(), Error> {
    script::read(script).map(|_| ())
}

/// Runs the statements of `script` on the target, each on its own.
///
/// A statement whose table is missing or kept is skipped with a line in the log, and so is what is
/// there already: after a failure the script can run again.
///
/// # Errors
/// [`Error::Script`], [`Error::Cancelled`], [`Error::Database`] with the statement's line.
pub async fn run(
    target: &DatabaseUrl,
    script: &str,
    mode: &BackupMode,
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    context.check()?;
    let steps = script::read(script)?;
    let connection = Connection::open_for(context, target, "pg-replicate enrichment").await?;
    connection
        .run(context, async {
            let path = format!("SET search_path = {}", quote_identifier(DEFAULT_SCHEMA));
            connection
                .batch_execute(&path)
                .await
                .map_err(|error| connection.error("set up the session", &error))?;
            let objects = run_all(&connection, &steps, mode, context).await?;
            Ok(PhaseSummary { objects, ..PhaseSummary::ended("enrichment", start) }.into())
        })
        .await
}

/// Answers how many statements ran.
async fn run_all(
    connection: &Connection,
    steps: &[Step<'_>],
    mode: &BackupMode,
    context: &Context,
) -> Result<u64, Error> {
    let mut progress = context.phase("enrichment", share::ENRICHMENT);
    let mut done = 0;
    let mut is_started = false;
    for (number, step) in steps.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        progress.report(number as f64 / steps.len() as f64, Some(step.label.clone()), 0, 0);
        if step.action == Action::View {
            tracing::info!("Start create view");
            done += u64::from(run_one(connection, step, mode).await?);
            tracing::info!("End create view");
            continue;
        }
        if !std::mem::replace(&mut is_started, true) {
            announce();
        }
        done += u64::from(run_one(connection, step, mode).await?);
    }
    if !is_started {
        announce();
    }
    tracing::info!("enrichment.add - Ended");
    progress.report(1.0, None, 0, 0);
    Ok(done)
}

/// Views come before: they belong to the restore for those who read the log.
fn announce() {
    tracing::info!("Enrich imported data");
    tracing::info!("enrichment.add - Started");
}

/// Answers whether the statement ran.
async fn run_one(
    connection: &Connection,
    step: &Step<'_>,
    mode: &BackupMode,
) -> Result<bool, Error> {
    if let Some(reason) = reason_to_skip(connection, step, mode).await? {
        tracing::info!("{} - Skipped: {reason}", step.label);
        return Ok(false);
    }
    let is_view = step.action == Action::View;
    if !is_view {
        tracing::info!("{} - Started", step.label);
    }
    connection.batch_execute(step.sql).await.map_err(|error| {
        connection.error(format!("{} (line {} of the script)", step.label, step.line), &error)
    })?;
    if !is_view {
        tracing::info!("{} - Ended", step.label);
    }
    Ok(true)
}

async fn reason_to_skip(
    connection: &Connection,
    step: &Step<'_>,
    mode: &BackupMode,
) -> Result<Option<String>, Error> {
    if let Some(kept) = step.unless_kept.iter().find(|it| mode.is_kept(&it.schema, &it.name)) {
        return Ok(Some(format!("table \"{kept}\" is kept (BACKUP_MODE)")));
    }
    for needed in &step.requires {
        if relation(connection, needed).await?.is_none() {
            return Ok(Some(format!("table \"{needed}\" does not exist")));
        }
    }
    for other in &step.unless_exists {
        if relation(connection, other).await?.is_some() {
            return Ok(Some(format!("\"{other}\" exists")));
        }
    }
    if let Action::Index(Some(name)) = &step.action {
        match relation(connection, name).await? {
            Some(Relation { is_valid: true }) => return Ok(Some(format!("\"{name}\" exists"))),
            // CONCURRENTLY leaves one behind when it is cut.
            Some(Relation { is_valid: false }) => {
                let sql = format!("DROP INDEX {}", name.quoted());
                connection.batch_execute(&sql).await.map_err(|error| {
                    connection.error(format!("drop the unfinished index \"{name}\""), &error)
                })?;
            }
            None => {}
        }
    }
    Ok(None)
}

struct Relation {
    is_valid: bool,
}

async fn relation(connection: &Connection, name: &TableName) -> Result<Option<Relation>, Error> {
    let row = connection
        .query_opt(RELATION, &[&name.schema, &name.name])
        .await
        .map_err(|error| connection.error(format!("look for \"{name}\""), &error))?;
    Ok(row.map(|row| Relation { is_valid: row.get("is_valid") }))
}
