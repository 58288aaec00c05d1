//! Copy of large objects in pieces, because pg_dump would put them into its archive on this machine's disk.

use std::collections::HashMap;
use std::ops::Range;

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::Error;
use crate::error::reason;
use crate::full_copy::live::worker_connections::WorkerConnections;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_literal;

const LIST: &str = include_str!("../../../sql/live/large_objects.sql");
const BYTES: &str = include_str!("../../../sql/live/large_objects_bytes.sql");
const READ: &str = include_str!("../../../sql/live/read_large_objects.sql");
const WRITE: &str = include_str!("../../../sql/live/write_large_objects.sql");
const CREATE: &str = include_str!("../../../sql/live/create_large_objects.sql");
const FILL: &str = include_str!("../../../sql/live/fill_large_objects.sql");
const PUBLISH: &str = include_str!("../../../sql/staging/publish_large_objects.sql");
const PUBLISH_PIECE: &str = include_str!("../../../sql/staging/publish_large_object.sql");
const UNLINK: &str = "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.unnest($1::oid[]) AS oid";
const APPEND: &str = include_str!("../../../sql/live/append_large_object.sql");

/// Number of objects whose first pieces are transferred together.
const AT_ONCE: usize = 32;

/// Size of a first piece in bytes; the server uses pages of 2048. Together with [`AT_ONCE`], this limits
/// memory.
const FIRST_PIECE: i32 = 128 * 1024;

/// Size of all other pieces in bytes.
const NEXT_PIECE: i32 = 2 * 1024 * 1024;

/// Maximum number of objects in one item.
const IN_ITEM: usize = 2000;

/// A large object of the source.
#[derive(Clone, Debug)]
struct LargeObject {
    oid: u32,
    /// Its number on the target until it is published.
    staged: Option<u32>,
    comment: Option<String>,
}

/// The large objects of the source, as in the snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct LargeObjects {
    objects: Vec<LargeObject>,
    /// Their size on the source's disk.
    pub(super) bytes: u64,
}

impl LargeObjects {
    /// The large objects of the connection's database.
    pub(super) async fn list(connection: &Connection) -> Result<Self, Error> {
        let failed = |error| connection.error("list the large objects of the source", &error);
        let rows = connection.query(LIST, &[]).await.map_err(failed)?;
        if rows.is_empty() {
            // Even an empty table has a page or two.
            return Ok(Self::default());
        }
        let bytes: i64 = connection.query_one(BYTES, &[]).await.map_err(failed)?.get(0);
        let objects = rows
            .iter()
            .map(|row| LargeObject { oid: row.get(0), staged: None, comment: row.get(1) })
            .collect();
        Ok(Self { objects, bytes: bytes.unsigned_abs() })
    }

    /// The same, built under other numbers until they are published: there is one of each number.
    pub(crate) async fn staged(&self, target: &Connection) -> Result<Self, Error> {
        let count = i64::try_from(self.objects.len()).unwrap_or(i64::MAX);
        let rows = target.query(CREATE, &[&count]).await;
        let rows =
            rows.map_err(|error| target.error("create large objects on the target", &error))?;
        let objects = self.objects.iter().zip(&rows);
        let objects =
            objects.map(|(one, row)| LargeObject { staged: row.get("oid"), ..one.clone() });
        Ok(Self { objects: objects.collect(), bytes: self.bytes })
    }

    /// Their numbers on the source.
    pub(crate) fn oids(&self) -> Vec<u32> {
        self.objects.iter().map(|one| one.oid).collect()
    }

    /// Whether this large object of the target is not published yet.
    pub(crate) fn is_staged(&self, oid: u32) -> bool {
        self.objects.iter().any(|one| one.staged == Some(oid))
    }

    /// Gives them their numbers, by copying them on the server.
    pub(crate) async fn publish(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<(), tokio_postgres::Error> {
        for some in self.objects.chunks(AT_ONCE) {
            let staged: Vec<u32> = some.iter().filter_map(|one| one.staged).collect();
            let oids: Vec<u32> = some.iter().map(|one| one.oid).collect();
            for row in transaction.query(PUBLISH, &[&staged, &oids, &FIRST_PIECE]).await? {
                let mut at = i64::from(FIRST_PIECE);
                let mut has_rest: bool = row.get("rest");
                let (from, to): (u32, u32) = (row.get("staged"), row.get("final"));
                while has_rest {
                    let piece: [&(dyn ToSql + Sync); 4] = [&from, &to, &at, &NEXT_PIECE];
                    let row = transaction.query_one(PUBLISH_PIECE, &piece).await?;
                    has_rest = !row.get::<_, bool>("is_last");
                    at += i64::from(NEXT_PIECE);
                }
            }
            transaction.query(UNLINK, &[&staged]).await?;
            for sql in some.iter().filter_map(comment_on) {
                let savepoint = transaction.savepoint("comment").await?;
                match savepoint.batch_execute(&sql).await {
                    Err(error) if is_of_encoding(&error) => {
                        without_comment(&error);
                        savepoint.rollback().await?;
                    }
                    done => {
                        done?;
                        savepoint.commit().await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Divides them for this many workers.
    pub(super) fn parts(&self, jobs: usize) -> Vec<Range<usize>> {
        let count = self.objects.len();
        let size = count.div_ceil(jobs.max(1)).clamp(1, IN_ITEM);
        (0..count).step_by(size).map(|first| first..count.min(first + size)).collect()
    }

    /// Copies those with the numbers `part`; `report` receives objects and bytes.
    pub(super) async fn copy(
        &self,
        part: Range<usize>,
        connections: &WorkerConnections,
        report: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), Error> {
        for some in self.objects.get(part).unwrap_or_default().chunks(AT_ONCE) {
            for object in begin(some, connections, report).await? {
                follow(object, connections, report).await?;
            }
            if some.iter().all(|object| object.staged.is_none()) {
                comment(some, &connections.target).await?;
            }
        }
        Ok(())
    }
}

/// Creates objects from their first pieces; returns those that have more.
async fn begin<'a>(
    some: &'a [LargeObject],
    connections: &WorkerConnections,
    report: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<&'a LargeObject>, Error> {
    let source = connections.source()?;
    let oids: Vec<u32> = some.iter().map(|object| object.oid).collect();
    let read = source.query(READ, &[&oids, &0_i64, &FIRST_PIECE]).await;
    let rows = read.map_err(|error| source.error("read large objects", &error))?;
    let pieces: HashMap<u32, &[u8]> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let found: Vec<(&LargeObject, &[u8])> =
        some.iter().filter_map(|one| Some((one, *pieces.get(&one.oid)?))).collect();
    let (staged, others): (Vec<_>, Vec<_>) =
        found.iter().copied().partition(|(one, _)| one.staged.is_some());
    for (sql, some) in [(FILL, staged), (WRITE, others)] {
        let oids: Vec<u32> = some.iter().map(|(one, _)| one.written()).collect();
        let pieces: Vec<&[u8]> = some.iter().map(|(_, piece)| *piece).collect();
        if !oids.is_empty() {
            connections.target.query(sql, &[&oids, &pieces]).await.map_err(|error| {
                connections.target.error("create large objects on the target", &error)
            })?;
        }
    }
    report(found.len() as u64, found.iter().map(|(_, piece)| piece.len() as u64).sum());
    let is_full = |piece: &[u8]| piece.len() == FIRST_PIECE.unsigned_abs() as usize;
    Ok(found.into_iter().filter(|(_, piece)| is_full(piece)).map(|(one, _)| one).collect())
}

/// Copies the pieces after the first.
async fn follow(
    object: &LargeObject,
    connections: &WorkerConnections,
    report: &(dyn Fn(u64, u64) + Sync),
) -> Result<(), Error> {
    let source = connections.source()?;
    let (oid, written) = (object.oid, object.written());
    let mut from = i64::from(FIRST_PIECE);
    loop {
        let read = source.query_one(READ, &[&vec![oid], &from, &NEXT_PIECE]).await;
        let row = read.map_err(|error| source.error(format!("read large object {oid}"), &error))?;
        let piece: &[u8] = row.get(1);
        if piece.is_empty() {
            return Ok(());
        }
        connections.target.query_one(APPEND, &[&written, &from, &piece]).await.map_err(
            |error| {
                connections.target.error(format!("write large object {oid} on the target"), &error)
            },
        )?;
        report(0, piece.len() as u64);
        if piece.len() < NEXT_PIECE.unsigned_abs() as usize {
            return Ok(());
        }
        from += i64::from(NEXT_PIECE);
    }
}

impl LargeObject {
    /// The number under which it is written.
    fn written(&self) -> u32 {
        self.staged.unwrap_or(self.oid)
    }
}

fn comment_on(object: &LargeObject) -> Option<String> {
    let comment = quote_literal(object.comment.as_deref()?);
    Some(format!("COMMENT ON LARGE OBJECT {} IS {comment};", object.oid))
}

async fn comment(some: &[LargeObject], target: &Connection) -> Result<(), Error> {
    let each: Vec<String> = some.iter().filter_map(comment_on).collect();
    match target.batch_execute(&each.concat()).await {
        Ok(()) => return Ok(()),
        Err(error) if !is_of_encoding(&error) => return Err(failed(target, &error)),
        Err(_) => {}
    }
    // The server does not say which one it is.
    for sql in &each {
        match target.batch_execute(sql).await {
            Err(error) if is_of_encoding(&error) => {
                without_comment(&error);
            }
            done => done.map_err(|error| failed(target, &error))?,
        }
    }
    Ok(())
}

fn without_comment(error: &tokio_postgres::Error) {
    tracing::warn!("a large object is without its comment: {}", reason(error));
}

fn failed(target: &Connection, error: &tokio_postgres::Error) -> Error {
    target.error("comment on large objects on the target", error)
}

/// Whether a text has characters that the target's encoding lacks.
fn is_of_encoding(error: &tokio_postgres::Error) -> bool {
    let codes = [SqlState::UNTRANSLATABLE_CHARACTER, SqlState::CHARACTER_NOT_IN_REPERTOIRE];
    error.code().is_some_and(|code| codes.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_leave_none_out() {
        for (count, jobs, wanted) in [(0, 2, 0), (1, 2, 1), (3, 2, 2), (9_000, 2, 5)] {
            let object = LargeObject { oid: 1, staged: None, comment: None };
            let all = LargeObjects { objects: vec![object; count], bytes: 0 };
            let parts = all.parts(jobs);
            assert_eq!(parts.len(), wanted, "{count}");
            let mut next = 0;
            for part in parts {
                assert_eq!(part.start, next);
                next = part.end;
            }
            assert_eq!(next, count);
        }
    }
}
