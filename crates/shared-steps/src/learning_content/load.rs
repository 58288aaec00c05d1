//! All tables in one transaction: built beside the old ones, then put in their place.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use futures_util::SinkExt;
use pg_replicate::{Context, OnTarget, PhaseSummary, Summary};
use tokio_postgres::{Client, Transaction};

use super::answer::Items;
use super::array::copy_line;
use super::convert::{Position, row, shortened};
use super::ddl::Ddl;
use super::locate::{is_data_error, unfit_value};
use super::progress::Phase;
use super::replace::replace;
use super::tables::Table;
use super::{Error, reason};

/// Bytes handed to COPY at once.
const CHUNK: usize = 256 * 1024;

/// The server's own limits would cut a long load; ours are in `replace`.
const NO_LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0";

/// Loads `tables` into `schema`; on any error everything is as it was.
pub(super) async fn load(
    client: &mut Client,
    schema: &str,
    tables: &[(&Table, Items<'_>)],
    on_target: OnTarget,
    context: &Context,
) -> Result<Summary, Error> {
    match load_in_transaction(client, schema, tables, on_target, context).await {
        Ok(summary) => Ok(summary),
        Err(Failure::Final(error)) => Err(error),
        Err(Failure::Refused { index, error }) => {
            let (table, items) = &tables[index];
            if is_data_error(&error)
                && let Some(error) = unfit_value(client, table, items).await
            {
                return Err(error);
            }
            Err(Error::Database {
                action: format!("load table {}", table.name),
                reason: reason(&error),
            })
        }
    }
}

/// How a load failed.
enum Failure {
    Final(Error),
    /// The server refused a row of the table at `index`; which one is to be found out.
    Refused {
        index: usize,
        error: tokio_postgres::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

async fn load_in_transaction(
    client: &mut Client,
    schema: &str,
    tables: &[(&Table, Items<'_>)],
    on_target: OnTarget,
    context: &Context,
) -> Result<Summary, Failure> {
    let start = Instant::now();
    let mut transaction =
        client.transaction().await.map_err(database("begin a transaction".into()))?;
    transaction.batch_execute(NO_LIMITS).await.map_err(database("set time-outs".into()))?;
    let (rows, bytes) = load_tables(&transaction, schema, tables, context).await?;
    let phase = |phase: Phase, rows, bytes, start: Instant| PhaseSummary {
        name: phase.name().into(),
        objects: tables.len() as u64,
        rows,
        bytes,
        seconds: start.elapsed().as_secs_f64(),
    };
    let loaded = phase(Phase::Load, rows, bytes, start);

    let start = Instant::now();
    Phase::Replace.report(context, 0.0, None, rows, bytes);
    let ddls: Vec<_> = tables.iter().map(|(table, _)| Ddl { schema, table }).collect();
    replace(&mut transaction, &ddls, on_target).await?;
    transaction.commit().await.map_err(database("commit the learning content".into()))?;
    Phase::Replace.report(context, 1.0, None, rows, bytes);
    let mut summary = Summary::from(loaded);
    summary.phases.push(phase(Phase::Replace, 0, 0, start));
    Ok(summary)
}

/// Builds every new table beside the old one; answers rows and bytes.
async fn load_tables(
    transaction: &Transaction<'_>,
    schema: &str,
    tables: &[(&Table, Items<'_>)],
    context: &Context,
) -> Result<(u64, u64), Failure> {
    let (mut rows, mut bytes) = (0, 0);
    for (index, (table, items)) in tables.iter().enumerate() {
        let done = index as f64 / tables.len() as f64;
        Phase::Load.report(context, done, Some(&table.name), rows, bytes);
        if items.is_empty() {
            tracing::warn!(table_name = table.name, "The content API has no item of this table");
        }
        match load_table(transaction, Ddl { schema, table }, items).await {
            Err(LoadError::Refused(error)) => return Err(Failure::Refused { index, error }),
            Err(LoadError::Final(error)) => return Err(error.into()),
            Ok(copied) => bytes += copied,
        }
        rows += items.len() as u64;
        tracing::debug!(table_name = table.name, rows = items.len(), "Table loaded");
    }
    Ok((rows, bytes))
}

/// How a table failed to load.
enum LoadError {
    Final(Error),
    /// The server refused a row.
    Refused(tokio_postgres::Error),
}

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// Creates, fills and indexes one table beside the old one; answers the bytes copied.
async fn load_table(
    transaction: &Transaction<'_>,
    ddl: Ddl<'_>,
    items: &Items<'_>,
) -> Result<u64, LoadError> {
    let table = ddl.table;
    let create = transaction.batch_execute(&ddl.create()).await;
    create.map_err(database(format!("create the new table {}", table.name)))?;
    let copy = transaction.copy_in(&ddl.copy()).await;
    let mut sink = pin!(copy.map_err(database(format!("copy into the new table {}", table.name)))?);
    let mut ids = HashMap::with_capacity(items.len());
    let (mut buffer, mut bytes) = (Vec::with_capacity(CHUNK), 0);
    for (index, item) in items.iter().enumerate() {
        let position = Position { table, number: index + 1, items: items.len() };
        let row = row(item.get(), position)?;
        copy_line(&row, &mut buffer);
        let id = row.into_iter().next().flatten().unwrap_or_default();
        if let Some(first) = ids.insert(id, index + 1) {
            return Err(duplicate(table, first, index + 1, &ids).into());
        }
        if buffer.len() >= CHUNK {
            bytes += buffer.len() as u64;
            let chunk = Bytes::from(std::mem::replace(&mut buffer, Vec::with_capacity(CHUNK)));
            sink.send(chunk).await.map_err(LoadError::Refused)?;
        }
    }
    bytes += buffer.len() as u64;
    sink.send(Bytes::from(buffer)).await.map_err(LoadError::Refused)?;
    sink.finish().await.map_err(LoadError::Refused)?;
    let indexes = transaction.batch_execute(&ddl.index()).await;
    indexes.map_err(database(format!("index the new table {}", table.name)))?;
    Ok(bytes)
}

fn duplicate(table: &Table, first: usize, second: usize, ids: &HashMap<String, usize>) -> Error {
    let id = ids.iter().find(|(_, position)| **position == second).map(|(id, _)| shortened(id));
    Error::DuplicateId { table: table.name.clone(), id: id.unwrap_or_default(), first, second }
}

/// Names what was attempted beside what the server said.
pub(super) fn database(action: String) -> impl FnOnce(tokio_postgres::Error) -> Error {
    move |error| Error::Database { action, reason: reason(&error) }
}
