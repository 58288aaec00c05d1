//! Check that the target is not the source under another name, by asking the servers themselves.

use crate::postgres::connection::Connection;
use crate::{Check, DatabaseUrl, Error};
use progress::Context;

pub(crate) const SUBJECT: &str = "source and target";

const APPLICATION: &str = "pg-replicate comparison";

/// Whether both URLs lead to the same database, or to a standby of it. Both servers are asked in separate
/// sessions unless the URLs already show it.
///
/// # Errors
/// [`Error::Unreachable`] if one cannot be asked, [`Error::Cancelled`].
pub async fn is_same_database(
    one: &DatabaseUrl,
    other: &DatabaseUrl,
    context: &Context,
) -> Result<bool, Error> {
    if one.same_database(other) {
        return Ok(true);
    }
    let one = Connection::open_for(context, one, APPLICATION).await?;
    let other = Connection::open_for(context, other, APPLICATION).await?;
    is_one(&one, &other).await
}

/// Refuses a target that is the source according to [`is_same_database`].
///
/// # Errors
/// [`Error::Preflight`] if both are the same database, and those of [`is_same_database`].
pub async fn refuse_same_database(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    context: &Context,
) -> Result<(), Error> {
    if is_same_database(source, target, context).await? {
        return Err(refusal(source, target));
    }
    Ok(())
}

/// [`refuse_same_database`] with existing sessions.
pub(crate) async fn refuse(source: &Connection, target: &Connection) -> Result<(), Error> {
    if is_one(source, target).await? {
        return Err(refusal(source.url(), target.url()));
    }
    Ok(())
}

/// [`is_same_database`] with existing sessions.
pub(crate) async fn is_one(one: &Connection, other: &Connection) -> Result<bool, Error> {
    if one.url().same_database(other.url()) {
        return Ok(true);
    }
    let (place, another) = (Place::of(one).await?, Place::of(other).await?);
    if place.place == another.place {
        return Ok(true);
    }
    // What is written to a primary arrives at its standby.
    Ok(place.database == another.database
        && match (place.is_standby, another.is_standby) {
            (true, false) => follows(one, other).await,
            (false, true) => follows(other, one).await,
            _ => false,
        })
}

pub(crate) fn refusal(source: &DatabaseUrl, target: &DatabaseUrl) -> Error {
    Error::Preflight(vec![Check::bad(SUBJECT, one_database(source, target))])
}

pub(crate) fn one_database(source: &DatabaseUrl, target: &DatabaseUrl) -> String {
    format!(
        "{source} and {target} are one database, or one of them a standby of the other: its rows would \
         be lost; name another target"
    )
}

struct Place {
    place: String,
    database: String,
    is_standby: bool,
}

impl Place {
    async fn of(connection: &Connection) -> Result<Self, Error> {
        const SQL: &str = include_str!("../../sql/place.sql");
        let row = connection
            .query_one(SQL, &[])
            .await
            .map_err(|error| connection.error("read where the database is", &error))?;
        Ok(Self {
            place: row.get("place"),
            database: row.get("database"),
            is_standby: row.get("is_standby"),
        })
    }
}

/// Whether `standby` is a standby of `primary`: of the same cluster and timeline, and not ahead of it, as a
/// diverged copy of the files usually is. Servers that do not provide this information are considered
/// different.
async fn follows(standby: &Connection, primary: &Connection) -> bool {
    const CLUSTER: &str = include_str!("../../sql/cluster.sql");
    const REPLAYED: &str = "SELECT pg_catalog.pg_last_wal_replay_lsn()::text";
    const WRITTEN: &str = "SELECT pg_catalog.pg_current_wal_lsn() >= $1::text::pg_catalog.pg_lsn";
    let asked = async {
        let one: String = standby.query_one(CLUSTER, &[]).await?.get(0);
        let other: String = primary.query_one(CLUSTER, &[]).await?.get(0);
        let replayed: Option<String> = standby.query_one(REPLAYED, &[]).await?.get(0);
        let written: Option<bool> = primary.query_one(WRITTEN, &[&replayed]).await?.get(0);
        Ok::<_, tokio_postgres::Error>(one == other && written != Some(false))
    };
    match asked.await {
        Ok(follows) => follows,
        Err(error) => {
            tracing::debug!("whether one server is a standby of the other is not known: {error}");
            false
        }
    }
}
