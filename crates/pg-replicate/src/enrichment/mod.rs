//! Enrichment: views and indexes for analysts, created by an SQL script.

mod script;

use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_postgres::error::SqlState;

use crate::error::reason;
use crate::phase_shares;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::{DEFAULT_SCHEMA, quote_identifier};
use crate::postgres::pool::Pool;
use crate::postgres::target_settings::{Sorted, TargetSettings};
use crate::renaming::Renaming;
use crate::{BackupMode, DatabaseUrl, Error, TableName};
use progress::{Context, ProgressTracker, Summary, Weight};
use script::{Action, Step};

/// The default script: one view and four indexes. The file explains how statements get conditions.
pub const DEFAULT_SCRIPT: &str = include_str!("../../sql/enrichment.sql");

const RELATION: &str = include_str!("../../sql/relation.sql");

/// Checks `script` without a server: quotes are closed, conditions name tables, and every statement can run
/// on its own.
///
/// # Errors
/// [`Error::Script`] with the line.
pub fn validate(script: &str) -> Result<(), Error> {
    script::read(script).map(|_| ())
}

/// Runs the statements of `script` on the target, each on its own; consecutive indexes are built in
/// parallel, at most `jobs` at a time.
///
/// A statement is skipped with a log line if its table is missing or kept, if it names a missing column, or
/// if its object already exists, so that the script can run again after a failure.
///
/// # Errors
/// [`Error::Script`], [`Error::Cancelled`], [`Error::Database`] with the statement's line.
pub async fn run(
    target: &DatabaseUrl,
    script: &str,
    mode: &BackupMode,
    jobs: u16,
    context: &Context,
) -> Result<Summary, Error> {
    run_in(target, script, mode, jobs, None, context).await
}

/// [`run`] on a copy that is built beside the live one.
pub(crate) async fn run_in(
    target: &DatabaseUrl,
    script: &str,
    mode: &BackupMode,
    jobs: u16,
    staged: Option<&Renaming>,
    context: &Context,
) -> Result<Summary, Error> {
    let start = Instant::now();
    context.check()?;
    let mut steps = script::read(script)?;
    let mut schema = DEFAULT_SCHEMA;
    if let Some(renaming) = staged {
        schema = renaming.schema(DEFAULT_SCHEMA);
        steps.iter_mut().try_for_each(|step| step.rename(renaming))?;
    }
    let jobs = usize::from(jobs.max(1));
    let pool = Pool::new(target, "pg-replicate enrichment", jobs)?;
    let first = pool.get(context).await?;
    let settings = first.run(context, TargetSettings::of(&first, jobs)).await?;
    drop(first);
    let path = format!("SET search_path = {}", quote_identifier(schema));
    let session = format!("{path}; {}", settings.sql());
    let work = EnrichmentRun { pool, settings, session, mode, jobs, context };
    Ok(work.run_all(&steps).await?.since(start))
}

/// Settings for the statements.
struct EnrichmentRun<'a> {
    pool: Pool,
    settings: TargetSettings,
    /// Set in every session.
    session: String,
    mode: &'a BackupMode,
    jobs: usize,
    context: &'a Context,
}

impl EnrichmentRun<'_> {
    async fn run_all(&self, steps: &[Step<'_>]) -> Result<Summary, Error> {
        let total = Weight::cost(steps.len() as u64);
        let board = &self.context.tracker("enrichment", phase_shares::ENRICHMENT, total);
        let mut is_started = false;
        for group in steps.chunk_by(|one, next| is_index(one) && is_index(next)) {
            let is_view = group[0].action == Action::View;
            if is_view {
                tracing::info!("Start create view");
            } else if !std::mem::replace(&mut is_started, true) {
                announce();
            }
            let helpers = (self.jobs / group.len()).saturating_sub(1);
            let statements: Vec<_> =
                group.iter().map(|step| self.run_one(step, helpers, board)).collect();
            stream::iter(statements).buffer_unordered(self.jobs).try_collect::<()>().await?;
            if is_view {
                tracing::info!("End create view");
            }
        }
        if !is_started {
            announce();
        }
        tracing::info!("enrichment.add - Ended");
        Ok(board.finish())
    }

    async fn run_one(
        &self,
        step: &Step<'_>,
        helpers: usize,
        board: &ProgressTracker,
    ) -> Result<(), Error> {
        let connection = self.pool.get(self.context).await?;
        let statement = async {
            connection
                .batch_execute(&self.session)
                .await
                .map_err(|error| connection.error("set up the session", &error))?;
            if let Some(sql) = self.sort_memory(&connection, step, helpers).await? {
                connection
                    .batch_execute(&sql)
                    .await
                    .map_err(|error| connection.error("set up the session", &error))?;
            }
            run_one(&connection, step, self.mode, board).await
        };
        connection.run(self.context, statement).await
    }

    /// Sets the memory for a B-tree index, with `helpers` idle workers.
    async fn sort_memory(
        &self,
        connection: &Connection,
        step: &Step<'_>,
        helpers: usize,
    ) -> Result<Option<String>, Error> {
        let Some(table) = &step.sorted else { return Ok(None) };
        let rows = relation(connection, table).await?.map_or(0, |table| table.rows);
        Ok(Some(self.settings.memory_sql(Some(Sorted { rows, helpers }))))
    }
}

fn is_index(step: &Step<'_>) -> bool {
    matches!(step.action, Action::Index(_))
}

/// Views come first: for readers of the log, they belong to the restore.
fn announce() {
    tracing::info!("Enrich imported data");
    tracing::info!("enrichment.add - Started");
}

async fn run_one(
    connection: &Connection,
    step: &Step<'_>,
    mode: &BackupMode,
    board: &ProgressTracker,
) -> Result<(), Error> {
    if let Some(reason) = reason_to_skip(connection, step, mode).await? {
        tracing::info!("{} - Skipped: {reason}", step.label);
        return Ok(());
    }
    let is_view = step.action == Action::View;
    if !is_view {
        tracing::info!("{} - Started", step.label);
    }
    let object = board.start("ENRICHMENT", &step.label, Weight::cost(1));
    match connection.batch_execute(&step.sql).await {
        Err(error) if is_missing(&error) => {
            object.end(0);
            tracing::info!("{} - Skipped: {}", step.label, reason(&error));
            return Ok(());
        }
        done => done.map_err(|error| {
            connection.error(format!("{} (line {} of the script)", step.label, step.line), &error)
        })?,
    }
    object.end(0);
    if !is_view {
        tracing::info!("{} - Ended", step.label);
    }
    Ok(())
}

/// Whether the error is a missing table or column, which means that the script was written for another
/// database.
fn is_missing(error: &tokio_postgres::Error) -> bool {
    let codes =
        [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_SCHEMA_NAME];
    error.code().is_some_and(|code| codes.contains(code))
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
            Some(Relation { is_valid: true, .. }) => return Ok(Some(format!("\"{name}\" exists"))),
            // CONCURRENTLY leaves an invalid index behind when it is interrupted.
            Some(Relation { is_valid: false, .. }) => {
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
    /// An estimate of the server.
    rows: u64,
}

async fn relation(connection: &Connection, name: &TableName) -> Result<Option<Relation>, Error> {
    let row = connection
        .query_opt(RELATION, &[&name.schema, &name.name])
        .await
        .map_err(|error| connection.error(format!("look for \"{name}\""), &error))?;
    Ok(row.map(|row| Relation {
        is_valid: row.get("is_valid"),
        rows: row.get::<_, i64>("rows").unsigned_abs(),
    }))
}
