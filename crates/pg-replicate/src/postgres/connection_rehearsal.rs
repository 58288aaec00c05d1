//! Rehearsal of a step's connections: checks that the server accepts all of them.

use std::time::{Duration, Instant};

use crate::postgres::client_program::application_name;
use crate::postgres::connection::Connection;
use crate::{DatabaseUrl, Error, Side};
use progress::Context;

/// Time limit for the server to end closed connections.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
const CLOSE_PAUSE: Duration = Duration::from_millis(20);

/// Opens `count` connections at once, and closes them again.
///
/// # Errors
/// [`Error::Exhausted`] with the number of connections that were possible; [`Error::Unreachable`] if there
/// was none.
pub(crate) async fn rehearse(
    url: &DatabaseUrl,
    side: Side,
    count: usize,
    context: &Context,
) -> Result<(), Error> {
    let name = application_name("rehearsal");
    let mut open = Vec::new();
    for number in 1..=count {
        let connection = Connection::open_for(context, url, &name).await;
        open.push(connection.map_err(|error| too_few(error, side, number, count))?);
    }
    let Some(last) = open.pop() else { return Ok(()) };
    drop(open);
    // The next connections would find them still counted.
    let start = Instant::now();
    const OTHERS: &str = "SELECT count(*) FROM pg_catalog.pg_stat_activity
        WHERE application_name = $1::text AND pid <> pg_catalog.pg_backend_pid()";
    while start.elapsed() < CLOSE_LIMIT {
        let row = last.query_one(OTHERS, &[&name]).await;
        let row = row.map_err(|error| last.error("examine the connections", &error))?;
        if row.get::<_, i64>(0) == 0 {
            break;
        }
        tokio::time::sleep(CLOSE_PAUSE).await;
    }
    Ok(())
}

/// Why connection `number` of `count` could not be opened.
pub(crate) fn too_few(error: Error, side: Side, number: usize, count: usize) -> Error {
    match error {
        Error::Unreachable { reason, .. } if number > 1 => Error::Exhausted {
            action: format!(
                "open connection {number} of the {count} that are needed to the {side} at once (COPY_JOBS, \
                 PG_RESTORE_JOBS, INCREMENTAL_JOBS); nothing was changed"
            ),
            reason,
        },
        error => error,
    }
}
