//! Locks between a copy and other users of the source.
//!
//! A copy holds ACCESS SHARE locks on what it reads. A statement that alters, empties or drops a table
//! waits for them, and everyone who comes later waits for that statement, including the copy's own readers:
//! a deadlock that PostgreSQL does not detect. One side has to give way, and that is the copy, because the
//! application has precedence.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::lock_limits::limit;
use progress::Sessions;

const WAITS: &str = include_str!("../../sql/source/lock_waits.sql");
const HOLDERS: &str = include_str!("../../sql/source/lock_holders.sql");
const END: &str = include_str!("../../sql/source/end_own_sessions.sql");

/// Otherwise the first result would be seen until the end of the transaction.
const LOOK_AGAIN: &str = "SELECT pg_catalog.pg_stat_clear_snapshot()";

/// Maximum interval between two checks.
const POLL: Duration = Duration::from_secs(1);

/// How long cancelled sessions may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A session of others that waits for the copy, or that the copy waits for.
struct Wait {
    ours_waits: bool,
    waiter: i32,
    relation: String,
    other: String,
}

impl From<&Row> for Wait {
    fn from(row: &Row) -> Self {
        Self {
            ours_waits: row.get("ours_waits"),
            waiter: row.get("waiter"),
            relation: row.get("relation"),
            other: session(row),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { relation, other, .. } = self;
        if self.ours_waits {
            write!(formatter, "this copy waits for a lock on {relation} because of {other}")
        } else {
            write!(formatter, "{other} waits for a lock on {relation}, which this copy reads")
        }
    }
}

/// `ALTER TABLE of process 4711 (role app, application "psql")`
fn session(row: &Row) -> String {
    let pid: i32 = row.get::<_, Option<i32>>("other").unwrap_or_default();
    if pid == 0 {
        return "a prepared transaction".into();
    }
    let statement: Option<String> = row.get("statement");
    let role: Option<String> = row.get("role");
    let statement = statement.unwrap_or_else(|| "a statement that our role may not see".into());
    let role = role.unwrap_or_else(|| "unknown".into());
    let application: String = row.get("application");
    format!("{statement} of process {pid} (role {role}, application \"{application}\")")
}

/// Monitors locks between the copy's sessions and others, over a separate connection.
pub(crate) struct Watch<'a> {
    connection: &'a Connection,
    sessions: &'a Sessions,
    /// What it means if this connection is lost.
    loss: &'static str,
    /// The copy was ended; other errors are only consequences.
    is_ended: AtomicBool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(connection: &'a Connection, sessions: &'a Sessions) -> Self {
        let loss = "look for locks on the source";
        Self { connection, sessions, loss, is_ended: AtomicBool::new(false) }
    }

    /// The same, with this meaning of a lost connection.
    pub(crate) fn of(self, loss: &'static str) -> Self {
        Self { loss, ..self }
    }

    /// Runs `work`; ends it if the connection is lost, or a lock was waited for too long: then all sessions
    /// of the copy are ended. With `cancel`, `work` is asked to stop and given some time.
    pub(crate) async fn during<T, E: From<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        cancel: Option<&CancellationToken>,
    ) -> Result<T, E> {
        // A copy's future is large, and would otherwise be stored here once more.
        let mut work = Box::pin(work);
        let mut ended = std::pin::pin!(self.ended());
        tokio::select! {
            // Its own result no longer matters after its sessions were ended: a program that lost them
            // reports only its exit status.
            result = &mut work => match self.is_ended.load(Ordering::Relaxed) {
                true => Err(ended.await.into()),
                false => result,
            },
            error = &mut ended => {
                if let Some(cancel) = cancel {
                    // Servers are told to stop: if the work were just dropped, one that is not reading
                    // would continue.
                    cancel.cancel();
                    let _ = tokio::time::timeout(END_LIMIT, work).await;
                }
                Err(error.into())
            }
        }
    }

    /// Waits until a lock was waited for too long or the connection is lost.
    async fn ended(&self) -> Error {
        let limit = limit(self.connection.url());
        let poll = POLL.min(limit / 5);
        let patience = limit.saturating_sub(2 * poll);
        let mut since: HashMap<(i32, String), Instant> = HashMap::new();
        loop {
            tokio::time::sleep(poll).await;
            let waits = match self.look().await {
                Ok(waits) => waits,
                Err(error) => return error,
            };
            let key = |wait: &Wait| (wait.waiter, wait.relation.clone());
            since.retain(|seen, _| waits.iter().any(|wait| key(wait) == *seen));
            for wait in &waits {
                since.entry(key(wait)).or_insert_with(|| {
                    tracing::warn!(
                        table = wait.relation,
                        "{wait}: one of both ends within {} s",
                        limit.as_secs_f32()
                    );
                    Instant::now()
                });
            }
            let is_over = |wait: &&Wait| {
                since.get(&key(wait)).is_some_and(|since| since.elapsed() >= patience)
            };
            if let Some(wait) = waits.iter().find(is_over) {
                self.is_ended.store(true, Ordering::Relaxed);
                self.end_all().await;
                return Error::Locked {
                    action: "the copy was ended so that other sessions no longer wait for it"
                        .into(),
                    reason: format!(
                        "{wait}, for nearly {} s (SOURCE_LOCK_TIMEOUT); {ADVICE}",
                        limit.as_secs_f32()
                    ),
                };
            }
        }
    }

    async fn look(&self) -> Result<Vec<Wait>, Error> {
        let connection = self.connection;
        let (pids, programs) = self.sessions.of(&connection.url().to_string());
        let look = async {
            connection.batch_execute(LOOK_AGAIN).await?;
            connection.query(WAITS, &[&pids, &programs]).await
        };
        let rows = look.await;
        let rows = rows.map_err(|error| connection.error(self.loss, &error))?;
        Ok(rows.iter().map(Wait::from).collect())
    }

    /// Releases every lock of the copy at once, whatever its sessions are doing.
    async fn end_all(&self) {
        let (pids, programs) = self.sessions.of(&self.connection.url().to_string());
        if let Err(error) = self.connection.query(END, &[&pids, &programs]).await {
            let error = self.connection.error("end our sessions on the source", &error);
            tracing::warn!("{error}");
        }
        // A lost connection holds no locks either.
        let _ = self.connection.batch_execute("ROLLBACK").await;
    }
}

const ADVICE: &str =
    "change the definition of tables at another time than the copy, and start the copy again";

/// Adds the holders of the lock to an error of a lock that could not be taken; the connection's transaction
/// has ended.
pub(crate) async fn named<T>(
    connection: &Connection,
    result: Result<T, Error>,
) -> Result<T, Error> {
    let Err(Error::Locked { action, reason }) = result else { return result };
    let _ = connection.batch_execute("ROLLBACK").await;
    let holders = holders(connection).await.unwrap_or_default();
    let limit = limit(connection.url()).as_secs_f32();
    Err(Error::Locked {
        action,
        reason: format!("{reason}; SOURCE_LOCK_TIMEOUT is {limit} s{holders}; {ADVICE}"),
    })
}

/// The holders of the locks that a reader waits for, as part of a sentence.
pub(crate) async fn holders(connection: &Connection) -> Result<String, Error> {
    let found = async {
        connection.batch_execute(LOOK_AGAIN).await?;
        connection.query(HOLDERS, &[]).await
    };
    let rows = found.await;
    let rows = rows.map_err(|error| connection.error("look for locks on the source", &error))?;
    let one = |row: &Row| {
        let does = if row.get("granted") { "holds" } else { "waits for" };
        format!("; {} {does} a lock on {}", session(row), row.get::<_, String>("relation"))
    };
    Ok(rows.iter().map(one).collect())
}
