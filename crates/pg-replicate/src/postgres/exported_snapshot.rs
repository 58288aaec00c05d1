//! Exported snapshots: one state of a database, read by several sessions.

use std::time::{Duration, Instant, SystemTime};

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::postgres::connection::Connection;
use crate::postgres::error_text;
use crate::postgres::identifier::quote_literal;
use crate::postgres::lock_limits;
use crate::postgres::session_settings;
use crate::postgres::source_locks;
use crate::postgres::source_locks::Watch;
use crate::{DatabaseUrl, Error, TableName};
use progress::{Context, Sessions};

const APPLICATION: &str = "pg-replicate live";

const REPLACED: &str = include_str!("../../sql/source/replaced.sql");

/// How often a new snapshot is taken because a table was dropped, emptied or rewritten before it was
/// locked.
const LOOKS: usize = 5;

/// Pause before a lock held by another session is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Number of tables locked by one statement.
const LOCKED_AT_ONCE: usize = 500;

/// Counts the snapshots that could not be used because a table changed before it was locked.
#[derive(Default)]
pub(crate) struct Looks(usize);

impl Looks {
    /// Counts one more; an error if there were too many.
    pub(crate) fn again(&mut self) -> Result<(), Error> {
        self.0 += 1;
        if self.0 < LOOKS {
            tracing::info!("a table was dropped or emptied meanwhile: another snapshot is taken");
            return Ok(());
        }
        Err(Error::Database {
            action: "lock the source's tables against changes".into(),
            reason: format!(
                "{LOOKS} times a table was dropped, truncated or rewritten before it could be locked: copy at \
                 another time"
            ),
        })
    }
}

/// Begins a read-only transaction, in a snapshot exported on the same server, or in a new one.
pub(crate) async fn begin(connection: &Connection, snapshot: Option<&str>) -> Result<(), Error> {
    let mut sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned();
    if let Some(snapshot) = snapshot {
        sql.push_str(&format!("; SET TRANSACTION SNAPSHOT {}", quote_literal(snapshot)));
    }
    let begun = connection.batch_execute(&sql).await;
    begun.map_err(|error| connection.error("begin a transaction that reads in a snapshot", &error))
}

/// Ends the transaction of [`begin`].
pub(crate) async fn end(connection: &Connection) -> Result<(), Error> {
    let ended = connection.batch_execute("COMMIT").await;
    ended.map_err(|error| connection.error("end the transaction that read", &error))
}

/// The identifier of the snapshot of the connection's transaction, valid as long as that is open.
pub(crate) async fn export(connection: &Connection) -> Result<String, Error> {
    let row = connection.query_one("SELECT pg_catalog.pg_export_snapshot()", &[]).await;
    row.map(|row| row.get(0)).map_err(|error| connection.error("export a snapshot", &error))
}

/// In a transaction that reads in a snapshot, locks the tables against changes of their definition and
/// against TRUNCATE, which snapshots do not protect from; rows can still be changed by others.
///
/// Does not wait for any session, because a session in the lock queue holds back others with the locks that
/// it already has.
///
/// Returns what is no longer in the snapshot, if anything: one of `tables` that was dropped, or a table
/// selected by `is_read` that was emptied or rewritten.
pub(crate) async fn lock(
    connection: &Connection,
    tables: impl Iterator<Item = &TableName>,
    is_read: impl Fn(&TableName) -> bool,
) -> Result<Option<String>, Error> {
    let names: Vec<String> = tables.map(TableName::quoted).collect();
    for some in names.chunks(LOCKED_AT_ONCE) {
        let list: Vec<String> = some.iter().map(|name| format!("ONLY {name}")).collect();
        if let Some(gone) = lock_some(connection, &list.join(", ")).await? {
            return Ok(Some(gone));
        }
    }
    let failed = |error| connection.error("look whether a table was replaced", &error);
    let replaced = connection.query(REPLACED, &[]).await.map_err(failed)?;
    let name = |row: &Row| TableName::new(row.get::<_, &str>("schema"), row.get::<_, &str>("name"));
    let first = replaced.iter().map(name).find(is_read);
    Ok(first.map(|table| format!("table {table} was dropped, truncated or rewritten")))
}

/// Returns what no longer exists, in the server's words.
async fn lock_some(connection: &Connection, tables: &str) -> Result<Option<String>, Error> {
    const ACTION: &str = "lock the source's tables against changes";
    let start = Instant::now();
    let sql = format!("SAVEPOINT locks; LOCK TABLE {tables} IN ACCESS SHARE MODE NOWAIT");
    let mut is_told = false;
    loop {
        let error = match connection.batch_execute(&sql).await {
            Ok(()) => return Ok(None),
            Err(error) => error,
        };
        let gone = [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME];
        if error.code().is_some_and(|code| gone.contains(&code)) {
            return Ok(Some(error_text::reason(&error)));
        }
        let is_locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        let error = connection.error(ACTION, &error);
        if !is_locked {
            return Err(error);
        }
        if start.elapsed() >= lock_limits::limit(connection.url()) {
            return source_locks::named(connection, Err(error)).await;
        }
        let again = connection.batch_execute("ROLLBACK TO SAVEPOINT locks").await;
        again.map_err(|error| connection.error(ACTION, &error))?;
        if !std::mem::replace(&mut is_told, true) {
            let holders = source_locks::holders(connection).await?;
            tracing::warn!("{error}{holders}; it is tried again");
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// The time at which the connection's transaction began, by the server's clock: its snapshot is not older.
pub(crate) async fn time(connection: &Connection) -> Result<SystemTime, Error> {
    let row = connection.query_one("SELECT pg_catalog.now()", &[]).await;
    row.map(|row| row.get(0)).map_err(|error| connection.error("read the time", &error))
}

/// An open transaction that has exported its snapshot.
pub(crate) struct ExportedSnapshot {
    connection: Connection,
    sessions: Sessions,
    id: String,
    time: SystemTime,
}

impl ExportedSnapshot {
    /// Begins the transaction.
    pub(crate) async fn export(source: &DatabaseUrl, context: &Context) -> Result<Self, Error> {
        let connection = Connection::open_for(context, source, APPLICATION).await?;
        let work = async {
            begin(&connection, None).await?;
            Ok((export(&connection).await?, time(&connection).await?))
        };
        let (id, time) = connection.run(context, work).await?;
        Ok(Self { connection, sessions: context.sessions.clone(), id, time })
    }

    /// The snapshot's identifier.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The moment that it shows.
    pub(crate) fn time(&self) -> SystemTime {
        self.time
    }

    /// Settings of sessions that read or write rows, so that bytes are passed on unchanged: those of a
    /// SQL_ASCII database need not be UTF-8. For all other encodings, the servers convert.
    pub(crate) fn encoding(&self) -> &'static str {
        if session_settings::is_sql_ascii(self.connection.url()) {
            "SET client_encoding = 'SQL_ASCII'; "
        } else {
            ""
        }
    }

    /// For queries in the snapshot.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// [`lock`]; returns whether the snapshot still shows the rows of every table.
    pub(crate) async fn lock(
        &self,
        tables: impl Iterator<Item = &TableName>,
    ) -> Result<bool, Error> {
        Ok(lock(&self.connection, tables, |_| true).await?.is_none())
    }

    /// Detects that the snapshot is lost, and who waits for its locks.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch::new(&self.connection, &self.sessions)
            .of("the snapshot of the source was lost, so the copy must start again")
    }

    /// Another connection that reads in the snapshot, until it is closed.
    pub(crate) async fn reader(&self, context: &Context) -> Result<Connection, Error> {
        let source = self.connection.url();
        let connection = Connection::open_for(context, source, APPLICATION).await?;
        let work = async {
            let set = connection.batch_execute(self.encoding()).await;
            set.map_err(|error| connection.error("set the encoding of the session", &error))?;
            begin(&connection, Some(&self.id)).await
        };
        connection.run(context, work).await?;
        Ok(connection)
    }
}
