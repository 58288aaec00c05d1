//! Setup and checks of every session.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::postgres::lock_limits::session_limit;
use crate::{DatabaseUrl, Error};

/// All settings that change the meaning of SQL or of values.
pub(crate) const SETTINGS: &str = include_str!("../../sql/session.sql");
const FACTS: &str = include_str!("../../sql/session_facts.sql");

const PID: &str = "SELECT pg_catalog.pg_backend_pid()";

/// How often two sessions are compared: a busy pooler may assign the same server to each for a while.
const ROUNDS: usize = 4;

/// How often a query is repeated that was cancelled by the role's own time limit.
const AGAIN: usize = 20;

/// Time limit for the second session to answer; a full pool lets it wait.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Time limit for the server to end the second session.
const END_LIMIT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);

/// What the last session at this URL has found out.
#[derive(Clone, Default)]
struct Known {
    options: String,
    is_sql_ascii: bool,
}

/// The databases whose sessions are known not to be shared.
static KNOWN: Mutex<BTreeMap<String, Known>> = Mutex::new(BTreeMap::new());

fn known(url: &DatabaseUrl) -> Option<Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&url.to_string()).cloned()
}

/// What PostgreSQL's client programs need in `PGOPTIONS` at `url`, as far as a session has found out.
pub(crate) fn options(url: &DatabaseUrl) -> Option<String> {
    known(url).map(|known| known.options).filter(|options| !options.is_empty())
}

/// Whether the database has encoding SQL_ASCII, so that its text need not be UTF-8, according to a session.
pub(crate) fn is_sql_ascii(url: &DatabaseUrl) -> bool {
    known(url).is_some_and(|known| known.is_sql_ascii)
}

/// Whether nothing is known yet about sessions at `url`.
pub(crate) fn is_new(url: &DatabaseUrl) -> bool {
    known(url).is_none()
}

/// Sets the session up; returns its process id.
pub(crate) async fn set_up(client: &Client, url: &DatabaseUrl) -> Result<i32, Error> {
    let failed = |error| Error::database(url, "set up the session", &error);
    let mut sql = SETTINGS.to_owned();
    if let Some(limit) = url.lock_timeout() {
        sql.push_str(&format!("SET lock_timeout = {};", session_limit(limit)));
    }
    client.batch_execute(&sql).await.map_err(failed)?;
    let facts = client.simple_query(FACTS).await.map_err(failed)?;
    let row = facts.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let value = |column: &str| row.and_then(|row| row.get(column)).unwrap_or_default();
    let known = Known {
        options: value("options").to_owned(),
        is_sql_ascii: value("is_sql_ascii") == "true",
    };
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_string(), known);
    Ok(value("pid").parse().unwrap_or_default())
}

/// Refuses a pooler in transaction mode: the settings made here would affect other clients. `second`
/// connects to the same place.
///
/// With such a pooler, two sessions share a server connection, or one of them changes its server
/// connection.
pub(crate) async fn refuse_pooler(
    first: &Client,
    second: Client,
    url: &DatabaseUrl,
) -> Result<(), Error> {
    let failed = |error| Error::database(url, "look whether the session is our own", &error);
    let mut seen: Option<(String, String)> = None;
    for _ in 0..ROUNDS {
        let one = pid(first).await.map_err(failed)?;
        let other = match tokio::time::timeout(ANSWER_LIMIT, pid(&second)).await {
            Ok(Ok(other)) => other,
            // If the server or pool has no room for a second session, nothing can be determined.
            _ => return Ok(()),
        };
        let found = (one, other);
        let is_shared = found.0 == found.1 || seen.as_ref().is_some_and(|seen| *seen != found);
        if is_shared {
            return Err(Error::Configuration(format!(
                "{url} is a connection pooler that assigns a server per transaction (PgBouncer's \
                 pool_mode = transaction or statement): settings of a session would reach other applications, and \
                 snapshots and locks would be lost; use the server's own address, or a pool in session mode"
            )));
        }
        seen = Some(found);
    }
    // Otherwise the next session may be one too many.
    drop(second);
    if let Some((_, pid)) = seen {
        let is_there = format!("SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = {pid}");
        let gone = async {
            while first.simple_query(&is_there).await.is_ok_and(|rows| rows.iter().any(is_row)) {
                tokio::time::sleep(POLL).await;
            }
        };
        let _ = tokio::time::timeout(END_LIMIT, gone).await;
    }
    Ok(())
}

async fn pid(client: &Client) -> Result<String, tokio_postgres::Error> {
    // A time limit of the role remains in effect: none may be set before it is known that the session is
    // not shared.
    let mut messages = client.simple_query(PID).await;
    for _ in 0..AGAIN {
        match &messages {
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                messages = client.simple_query(PID).await;
            }
            _ => break,
        }
    }
    let messages = messages?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.unwrap_or_default().to_owned())
}

fn is_row(message: &SimpleQueryMessage) -> bool {
    matches!(message, SimpleQueryMessage::Row(_))
}
