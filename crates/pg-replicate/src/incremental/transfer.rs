//! COPY to COPY.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::CopyInSink;

use crate::connection::Connection;
use crate::{Error, TableName};

/// Bytes handed to the target at once; a message per row would cost more than the row.
const CHUNK: usize = 64 * 1024;

/// What was copied.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Copied {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Copies what `query` reads on the source into `columns` of `into`; `report` is told the bytes so
/// far. `table` is whose rows they are, for errors.
pub(super) async fn rows(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    query: &str,
    into: &str,
    is_binary: bool,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let format = if is_binary { "binary" } else { "text" };
    let read = format!("COPY ({query}) TO STDOUT (FORMAT {format})");
    let write = format!("COPY {into} FROM STDIN (FORMAT {format})");
    let read_error = |error| source.error(format!("read {table} from the source"), &error);
    let write_error = |error| target.error(format!("write {table} on the target"), &error);

    let stream = source.copy_out(&read).await.map_err(read_error)?;
    let sink: CopyInSink<Bytes> = target.copy_in(&write).await.map_err(write_error)?;
    let mut stream = std::pin::pin!(stream);
    let mut sink = std::pin::pin!(sink);
    let mut chunk = BytesMut::with_capacity(2 * CHUNK);
    let mut bytes = 0;
    while let Some(data) = stream.next().await {
        let data = data.map_err(read_error)?;
        bytes += data.len() as u64;
        chunk.extend_from_slice(&data);
        if chunk.len() >= CHUNK {
            if sink.send(chunk.split().freeze()).await.is_err() {
                // Why is said at the end.
                break;
            }
            report(bytes);
        }
    }
    if !chunk.is_empty() {
        let _ = sink.send(chunk.freeze()).await;
    }
    let rows = sink.finish().await.map_err(write_error)?;
    report(bytes);
    Ok(Copied { rows, bytes })
}
