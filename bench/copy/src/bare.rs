//! Bare limit: copies only the rows, with binary COPY to COPY over several connections, into tables without
//! indexes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use tokio_postgres::{Client, NoTls};

/// Bytes sent to the target at a time.
const CHUNK: usize = 64 * 1024;

/// Approximate number of pieces of the database: small enough that all connections finish together.
const PIECES: i64 = 24;

/// Rows of a table.
pub(crate) struct Piece {
    /// The table, quoted.
    pub(crate) table: String,
    /// The rows, as an SQL condition.
    pub(crate) condition: String,
}

/// Copies all rows of `source` into the tables of `target`.
pub(crate) fn run(source: &str, target: &str, jobs: usize) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let pieces = pieces(&connect(source).await?).await?;
        copy(source, target, pieces, jobs).await
    })
}

/// Copies `pieces` in order, over `jobs` connections to each side.
pub(crate) async fn copy(
    source: &str,
    target: &str,
    pieces: VecDeque<Piece>,
    jobs: usize,
) -> Result<()> {
    let pieces = Arc::new(Mutex::new(pieces));
    let workers = (0..jobs).map(|_| {
        let (source, target, pieces) = (source.to_owned(), target.to_owned(), pieces.clone());
        tokio::spawn(async move {
            let (source, target) = (connect(&source).await?, connect(&target).await?);
            let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(piece) = next() {
                copy_piece(&source, &target, &piece).await.with_context(|| piece.table.clone())?;
            }
            anyhow::Ok(())
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    Ok(())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    // pglz takes longer than everything else together; a server built without lz4 has no alternative.
    let _ = client.batch_execute("SET default_toast_compression = lz4").await;
    Ok(client)
}

/// Every table, largest first; the large ones in ranges of pages.
async fn pieces(source: &Client) -> Result<VecDeque<Piece>> {
    let rows = source.query(include_str!("../sql/bare_tables.sql"), &[]).await?;
    let total: i64 = rows.iter().map(|row| row.get::<_, i64>("bytes")).sum();
    let mut pieces = VecDeque::new();
    for row in rows {
        let (table, bytes, pages): (String, i64, i64) =
            (row.get("name"), row.get("bytes"), row.get("pages"));
        let parts = (bytes * PIECES / total.max(1)).max(1);
        for part in 0..parts {
            let from = format!("ctid >= '({},0)'", pages * part / parts);
            let condition = match part + 1 == parts {
                true => from,
                false => format!("{from} AND ctid < '({},0)'", pages * (part + 1) / parts),
            };
            pieces.push_back(Piece { table: table.clone(), condition });
        }
    }
    Ok(pieces)
}

async fn copy_piece(source: &Client, target: &Client, piece: &Piece) -> Result<()> {
    let Piece { table, condition } = piece;
    let read = format!("COPY (SELECT * FROM {table} WHERE {condition}) TO STDOUT (FORMAT binary)");
    let rows = source.copy_out(&read).await?;
    let write = format!("COPY {table} FROM STDIN (FORMAT binary)");
    let mut sink = std::pin::pin!(target.copy_in::<_, Bytes>(&write).await?);
    let mut rows = std::pin::pin!(rows.into_stream().fuse());
    let mut chunk = BytesMut::with_capacity(2 * CHUNK);
    while let Some(row) = rows.next().await {
        chunk.extend_from_slice(&row?);
        if chunk.len() >= CHUNK {
            sink.send(chunk.split().freeze()).await?;
        }
    }
    sink.send(chunk.freeze()).await?;
    sink.finish().await?;
    Ok(())
}
