//! COPY to COPY.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::CopyInSink;

use crate::postgres::connection::Connection;
use crate::postgres::session_settings;
use crate::{Error, TableName};

/// Bytes sent to the target at a time, because one message per row would cost more than the row.
const CHUNK: usize = 64 * 1024;

/// What was copied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copied {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// One side of a COPY.
pub(crate) struct Transfer<'a> {
    /// The table of the rows, for errors.
    pub(crate) table: &'a TableName,
    /// `COPY … TO STDOUT`
    pub(crate) read: String,
    /// `COPY … FROM STDIN`
    pub(crate) write: String,
}

/// Passes on what one side reads until the other has written it; `report` receives the bytes of each piece.
/// The source waits for the target, so only a few pieces are in memory.
pub(crate) async fn copy(
    source: &Connection,
    target: &Connection,
    transfer: &Transfer<'_>,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let table = transfer.table;
    let read_error =
        |error| Error::reading(source.url(), format!("read {table} from the source"), &error);
    let write_error = |error| target.error(format!("write {table} on the target"), &error);

    let stream = source.copy_out(&transfer.read).await.map_err(read_error)?;
    let sink: CopyInSink<Bytes> = target.copy_in(&transfer.write).await.map_err(write_error)?;
    let mut stream = std::pin::pin!(stream);
    let mut sink = std::pin::pin!(sink);
    let mut chunk = BytesMut::with_capacity(2 * CHUNK);
    let mut bytes = 0;
    while let Some(data) = stream.next().await {
        let data = data.map_err(read_error)?;
        chunk.extend_from_slice(&data);
        if chunk.len() >= CHUNK {
            let piece = chunk.len() as u64;
            if sink.send(chunk.split().freeze()).await.is_err() {
                // The error is reported at the end.
                break;
            }
            bytes += piece;
            report(piece);
        }
    }
    if !chunk.is_empty() {
        bytes += chunk.len() as u64;
        report(chunk.len() as u64);
        let _ = sink.send(chunk.freeze()).await;
    }
    let rows = sink.finish().await.map_err(write_error)?;
    tracing::debug!(table_name = %table, rows, bytes, "Copied rows of {table}");
    Ok(Copied { rows, bytes })
}

/// Copies what `query` reads on the source into `columns` of `into`; `report` receives the bytes of each
/// piece. `table` is the table of the rows, for errors.
pub(crate) async fn copy_query(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    query: &str,
    into: &str,
    is_binary: bool,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let format = if is_binary { "binary" } else { "text" };
    let transfer = Transfer {
        table,
        read: format!("COPY ({query}) TO STDOUT (FORMAT {format})"),
        write: format!("COPY {into} FROM STDIN (FORMAT {format})"),
    };
    if !session_settings::is_sql_ascii(source.url()) {
        return copy(source, target, &transfer, report).await;
    }
    // Bytes of a SQL_ASCII database are passed on unchanged; otherwise both servers would refuse anything
    // that is not UTF-8. Keys and names, which this program reads, are transferred before and after.
    set_encoding(source, "SQL_ASCII").await?;
    set_encoding(target, "SQL_ASCII").await?;
    let copied = copy(source, target, &transfer, report).await?;
    set_encoding(source, "UTF8").await?;
    set_encoding(target, "UTF8").await?;
    Ok(copied)
}

async fn set_encoding(side: &Connection, encoding: &str) -> Result<(), Error> {
    let set = side.batch_execute(&format!("SET client_encoding = '{encoding}'")).await;
    set.map_err(|error| side.error("set the encoding of the session", &error))
}
