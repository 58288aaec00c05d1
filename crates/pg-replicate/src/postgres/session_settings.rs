//! What every session of ours is made sure of and set to.

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

/// How often two sessions are compared: a busy pooler may give either one server for a while.
const ROUNDS: usize = 4;

/// How often a question is asked again that the role's own time limit has cut.
const AGAIN: usize = 20;

/// How long the second session may take to answer; a pool that is full lets it wait.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// How long the server may take to end the second session.
const END_LIMIT: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);

/// What the last session there has found out.
#[derive(Clone, Default)]
struct Known {
    options: String,
    is_sql_ascii: bool,
}

/// The databases to which sessions lead that are ours alone.
static KNOWN: Mutex<BTreeMap<String, Known>> = Mutex::new(BTreeMap::new());

fn known(url: &DatabaseUrl) -> Option<Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&url.to_string()).cloned()
}

/// What PostgreSQL's programs need in `PGOPTIONS` at `url`, as far as a session of ours has found out.
pub(crate) fn options(url: &DatabaseUrl) -> Option<String> {
    known(url).map(|known| known.options).filter(|options| !options.is_empty())
}

/// Whether the database there knows no encoding, so that its texts need not be UTF-8; a session of ours has
/// found out.
pub(crate) fn is_sql_ascii(url: &DatabaseUrl) -> bool {
    known(url).is_some_and(|known| known.is_sql_ascii)
}

/// Whether nothing is known yet about sessions at `url`.
pub(crate) fn is_new(url: &DatabaseUrl) -> bool {
    known(url).is_none()
}

/// Sets the session up; answers its number.
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

/// Refuses a pooler that lends servers for a transaction: what we set would stay with somebody else.
/// `second` leads to the same place.
///
/// With such a pooler two sessions meet in one server, or one of them comes to another.
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
            // A server or a pool with no place for a second session tells nothing.
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
    // Else the next session may be one too many.
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
    // A time limit of the role holds still: none of ours may be set before it is known whose session this is.
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
