//! Execution of one item.

use std::ops::Range;

use super::super::failure::Failure;
use super::super::statements::execute;
use super::large_objects::LargeObjects;
use super::rows::Rows;
use super::tables::Table;
use crate::archive::Entry;
use crate::full_copy::live::worker_connections::WorkerConnections;
use crate::postgres::connection::run_both;
use crate::{Error, ObjectFailure};
use progress::{Context, ProgressItem, ProgressTracker, Weight};

/// How an item failed.
#[derive(Debug)]
pub(super) enum ItemError {
    /// Objects could not be created; the copy continues, to find all of them.
    Entries(Vec<Failure>),
    /// A table's rows or large objects could not be copied; others can.
    Rows(ObjectFailure),
    /// The copy cannot continue.
    Fatal(Error),
}

/// The rows of a table, or of a part of it.
pub(super) async fn rows(
    connections: &WorkerConnections,
    rows: &Rows<'_>,
    weight: Weight,
    board: &ProgressTracker,
    context: &Context,
) -> Result<(), ItemError> {
    let name = rows.table.full_name();
    let object = match rows.part {
        Some(part) => board.start_part("TABLE DATA", &name, (part.number, part.of), weight),
        None => board.start("TABLE DATA", &name, weight),
    };
    let report = |bytes| object.advance(0, bytes);
    let source = connections.source().map_err(ItemError::Fatal)?;
    let work = rows.copy(source, &connections.target, &report);
    let copied = between(connections, work, || format!("TABLE DATA {name}"), context).await?;
    object.end(copied.rows);
    Ok(())
}

/// The large objects with the numbers `part`.
pub(super) async fn large_objects(
    connections: &WorkerConnections,
    all: &LargeObjects,
    part: Range<usize>,
    object: ProgressItem,
    context: &Context,
) -> Result<(), ItemError> {
    let report = |objects, bytes| object.advance(objects, bytes);
    let work = all.copy(part, connections, &report);
    between(connections, work, || "BLOBS large objects".to_owned(), context).await?;
    object.end(0);
    Ok(())
}

/// Work on both servers. `name`: what is missing if it fails.
async fn between<T>(
    connections: &WorkerConnections,
    work: impl Future<Output = Result<T, Error>>,
    name: impl Fn() -> String,
    context: &Context,
) -> Result<T, ItemError> {
    let source = connections.source().map_err(ItemError::Fatal)?;
    let done = run_both(source, &connections.target, context, work).await;
    done.map_err(|error| match error {
        error @ Error::Database { .. } => {
            ItemError::Rows(ObjectFailure { object: name(), message: error.to_string() })
        }
        error => ItemError::Fatal(error),
    })
}

/// Statistics, without which queries are slow but correct: an error is only a warning.
pub(super) async fn analyze(
    connections: &WorkerConnections,
    table: &Table,
    weight: Weight,
    board: &ProgressTracker,
    context: &Context,
) -> Result<(), ItemError> {
    let object = board.start("ANALYZE", &table.full_name(), weight);
    let run = async {
        let done =
            connections.target.batch_execute(&format!("ANALYZE {}", table.target.quoted())).await;
        done.map_err(|error| connections.target.error(format!("analyze {}", table.name), &error))
    };
    match connections.target.run(context, run).await {
        Err(error @ Error::Database { .. }) => tracing::warn!("{error}"),
        result => result.map_err(ItemError::Fatal)?,
    }
    object.end(0);
    Ok(())
}

/// The statements of an entry, executed one by one.
pub(super) async fn statements(
    connections: &WorkerConnections,
    entry: &Entry,
    statements: &[String],
    context: &Context,
) -> Result<(), ItemError> {
    for sql in statements {
        let refused = execute(&connections.target, entry, sql, context).await;
        if let Some(failure) = refused.map_err(ItemError::Fatal)? {
            return Err(ItemError::Entries(vec![failure]));
        }
    }
    Ok(())
}

/// All foreign keys of a table in one statement, so that its locks are taken only once. If it is refused,
/// each is added on its own, to find the one that cannot be created.
pub(super) async fn foreign_keys(
    connections: &WorkerConnections,
    entries: &[Entry],
    alter: &str,
    adds: &[String],
    context: &Context,
) -> Result<(), ItemError> {
    let add = async |entry, sql: String| {
        execute(&connections.target, entry, &sql, context).await.map_err(ItemError::Fatal)
    };
    if let [first, _, ..] = entries
        && add(first, format!("{alter} {}", adds.join(", "))).await?.is_none()
    {
        return Ok(());
    }
    let mut failures = Vec::new();
    for (entry, its) in entries.iter().zip(adds) {
        failures.extend(add(entry, format!("{alter} {its}")).await?);
    }
    if failures.is_empty() { Ok(()) } else { Err(ItemError::Entries(failures)) }
}
