//! Fingerprint of a table: two numbers computed by the server that are equal for equal content on any
//! server from PostgreSQL 13 on, whatever the order of rows and columns on disk.
//!
//! The number of a row is that of `row_hash`; that of a table is the sum over its rows, so rows may come in
//! any order, and duplicate rows count twice. Only the two numbers are transferred, and the server keeps at
//! most one row in memory.
//!
//! Limits: two different contents have the same fingerprint with a probability of 1 in 2^64. A value other
//! than a `bytea` whose text is larger than 1 GB is an error, as in pg_dump. Only little-endian servers are
//! supported, such as x86-64 and ARM. On servers with an encoding other than UTF-8, the keys of a `jsonb`
//! or `hstore` may be in a different order, so such values differ from those of a UTF-8 server.

pub(crate) mod content_hash;
mod database;
mod row_hash;
mod table;

use serde::Serialize;

use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::exported_snapshot;

pub use content_hash::ContentHash;
pub use database::database;
pub(crate) use database::each;
pub(crate) use table::{Table, tables};

/// The content of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fingerprint {
    /// The number of rows.
    pub rows: u64,
    /// The sum of the rows' hashes.
    pub hash: ContentHash,
}

/// Begins a read-only transaction, in a snapshot exported on the same server or in a new one, with the
/// additional settings that a fingerprint needs.
pub(crate) async fn begin(connection: &Connection, snapshot: Option<&str>) -> Result<(), Error> {
    exported_snapshot::begin(connection, snapshot).await?;
    // JIT compilation costs more than it gains.
    let set = connection.batch_execute("SET LOCAL jit = off").await;
    set.map_err(|error| connection.error("set up the transaction that reads", &error))
}

/// The fingerprint of a table. The connection must be in a transaction of [`begin`].
pub(crate) async fn of(connection: &Connection, table: &Table) -> Result<Fingerprint, Error> {
    read(connection, table, true).await
}

/// The number of rows of a table. The connection must be in a transaction of [`begin`].
pub(crate) async fn rows(connection: &Connection, table: &Table) -> Result<u64, Error> {
    read(connection, table, false).await.map(|fingerprint| fingerprint.rows)
}

async fn read(
    connection: &Connection,
    table: &Table,
    with_hash: bool,
) -> Result<Fingerprint, Error> {
    let action = || format!("read the content of {}", table.name);
    let row = connection
        .query_one(&table.sql(with_hash), &[])
        .await
        .map_err(|error| connection.error(action(), &error))?;
    let sum: i128 = row.get::<_, &str>(1).parse().map_err(|_| Error::Database {
        action: action(),
        reason: format!("must be a sum of hashes; found {}", row.get::<_, &str>(1)),
    })?;
    let hash = u64::try_from(sum.rem_euclid(1 << 64)).unwrap_or_default();
    Ok(Fingerprint { rows: row.get::<_, i64>(0).unsigned_abs(), hash: ContentHash(hash) })
}
