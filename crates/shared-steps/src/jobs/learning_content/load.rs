//! Load of all tables in one transaction: built next to the old ones, then swapped.

use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use futures_util::SinkExt;
use pg_replicate::{OnTarget, reason};
use progress::{Context, PhaseSummary, Summary};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use super::array::copy_line;
use super::content::{Content, RowBatch};
use super::convert::Row;
use super::ddl::Ddl;
use super::error::{Error, database};
use super::load_progress::Phase;
use super::locate::{is_data_error, unfit_value};
use super::replace::replace;

/// The server's own limits would interrupt a long load; the limits are set in `replace`.
const NO_LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0";

/// Loads `content` into `schema`; after any error, everything is unchanged.
pub(super) async fn load(
    client: &mut Client,
    schema: &str,
    content: &Content,
    on_target: OnTarget,
    context: &Context,
) -> Result<Summary, Error> {
    match load_in_transaction(client, schema, content, on_target, context).await {
        Ok(summary) => Ok(summary),
        Err(LoadFailure::Final(error)) => Err(error),
        Err(LoadFailure::Refused { batch, error }) => {
            let table = &content.tables[batch.table];
            if is_data_error(&error)
                && let Some(error) = unfit_value(client, table, &batch.rows).await
            {
                return Err(error);
            }
            Err(Error::Database {
                action: format!("load table {}", table.name),
                reason: reason(&error),
            })
        }
        Err(LoadFailure::Duplicate { table, id }) => Err(content.duplicate(table, id).await),
    }
}

/// How a load failed.
enum LoadFailure {
    Final(Error),
    /// The server refused a row of the batch; which one is to be found out.
    Refused {
        batch: RowBatch,
        error: tokio_postgres::Error,
    },
    /// Two items of the table have this id.
    Duplicate {
        table: usize,
        id: String,
    },
}

impl From<Error> for LoadFailure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

async fn load_in_transaction(
    client: &mut Client,
    schema: &str,
    content: &Content,
    on_target: OnTarget,
    context: &Context,
) -> Result<Summary, LoadFailure> {
    let start = Instant::now();
    let mut transaction =
        client.transaction().await.map_err(database("begin a transaction".into()))?;
    transaction.batch_execute(NO_LIMITS).await.map_err(database("set time-outs".into()))?;
    let (rows, bytes) = load_tables(&transaction, schema, content, context).await?;
    let phase = |phase: Phase, rows, bytes, start: Instant| PhaseSummary {
        name: phase.name().into(),
        objects: content.tables.len() as u64,
        rows,
        bytes,
        seconds: start.elapsed().as_secs_f64(),
    };
    let loaded = phase(Phase::Load, rows, bytes, start);

    let start = Instant::now();
    Phase::Replace.report(context, 0.0, None, rows, bytes);
    let ddls: Vec<_> = content.tables.iter().map(|table| Ddl { schema, table }).collect();
    replace(&mut transaction, &ddls, on_target).await?;
    transaction.commit().await.map_err(database("commit the learning content".into()))?;
    Phase::Replace.report(context, 1.0, None, rows, bytes);
    let mut summary = Summary::from(loaded);
    summary.phases.push(phase(Phase::Replace, 0, 0, start));
    let rows = content.tables.iter().zip(&content.items);
    summary.facts.rows =
        rows.map(|(table, rows)| (format!("{schema}.{}", table.name), *rows as u64)).collect();
    Ok(summary)
}

/// Builds every new table next to the old one; returns rows and bytes.
async fn load_tables(
    transaction: &Transaction<'_>,
    schema: &str,
    content: &Content,
    context: &Context,
) -> Result<(u64, u64), LoadFailure> {
    for table in content.tables {
        let create = transaction.batch_execute(&Ddl { schema, table }.create()).await;
        create.map_err(database(format!("create the new table {}", table.name)))?;
    }
    let (mut rows, mut bytes) = (0, 0);
    let total = content.rows().max(1) as f64;
    let mut batches = content.batches();
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        let table = &content.tables[batch.table];
        Phase::Load.report(context, rows as f64 / total, Some(&table.name), rows, bytes);
        match copy(transaction, Ddl { schema, table }, &batch.rows).await {
            Ok(copied) => bytes += copied,
            Err(error) => return Err(LoadFailure::Refused { batch, error }),
        }
        rows += batch.rows.len() as u64;
    }
    for (place, table) in content.tables.iter().enumerate() {
        index(transaction, Ddl { schema, table }, place).await?;
        tracing::debug!(table_name = table.name, rows = content.items[place], "Table loaded");
    }
    Ok((rows, bytes))
}

/// Copies rows into the new table; returns their bytes.
async fn copy(
    transaction: &Transaction<'_>,
    ddl: Ddl<'_>,
    rows: &[Row],
) -> Result<u64, tokio_postgres::Error> {
    let mut sink = pin!(transaction.copy_in(&ddl.copy()).await?);
    let mut buffer = Vec::new();
    rows.iter().for_each(|row| copy_line(row, &mut buffer));
    let bytes = buffer.len() as u64;
    sink.send(Bytes::from(buffer)).await?;
    sink.finish().await?;
    Ok(bytes)
}

/// The key and the indexes. Creating the key detects duplicate ids without using memory for it.
async fn index(
    transaction: &Transaction<'_>,
    ddl: Ddl<'_>,
    place: usize,
) -> Result<(), LoadFailure> {
    let action = || format!("index the new table {}", ddl.table.name);
    transaction.batch_execute("SAVEPOINT indexes").await.map_err(database(action()))?;
    match transaction.batch_execute(&ddl.index()).await {
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            let undone = transaction.batch_execute("ROLLBACK TO SAVEPOINT indexes").await;
            undone.map_err(database(action()))?;
            let found = transaction.query_opt(&ddl.duplicate(), &[]).await;
            match found.map_err(database(action()))? {
                Some(found) => Err(LoadFailure::Duplicate { table: place, id: found.get(0) }),
                None => Err(database(action())(error).into()),
            }
        }
        result => Ok(result.map_err(database(action()))?),
    }
}
