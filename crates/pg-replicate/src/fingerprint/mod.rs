//! What a table holds, as two numbers that the server computes: equal for equal content on any
//! server from PostgreSQL 13 on, whatever the order of rows and columns on disk.
//!
//! The number of a row is that of `row_hash`, the number of a table their sum: rows may come in any
//! order, a row that is there twice counts twice. Nothing but the two numbers travels, and the server
//! keeps no more than one row in memory.
//!
//! Limits: two contents that differ are taken for equal with a probability of 1 in 2^64. A value
//! other than a `bytea` whose text is larger than 1 GB is an error, as it is to pg_dump. Little-endian
//! servers only, as on x86-64 and ARM. On servers with an encoding other than UTF-8, the keys of a
//! `jsonb` or `hstore` may stand in another order, and such values differ from those of a UTF-8 server.

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
    /// How many rows.
    pub rows: u64,
    /// The sum of their hashes.
    pub hash: ContentHash,
}

/// Begins a transaction that only reads, in a snapshot that was exported on the same server or in one
/// of its own, with the settings that a fingerprint needs besides those of every connection.
pub(crate) async fn begin(connection: &Connection, snapshot: Option<&str>) -> Result<(), Error> {
    exported_snapshot::begin(connection, snapshot).await?;
    // Compiling costs more than it gains.
    let set = connection.batch_execute("SET LOCAL jit = off").await;
    set.map_err(|error| connection.error("set up the transaction that reads", &error))
}

/// The fingerprint of a table. The connection is in a transaction of [`begin`].
pub(crate) async fn of(connection: &Connection, table: &Table) -> Result<Fingerprint, Error> {
    read(connection, table, true).await
}

/// How many rows a table has. The connection is in a transaction of [`begin`].
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
