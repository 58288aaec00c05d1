//! Fingerprints of all tables of a database, several in parallel.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::{Fingerprint, Table, begin, of, tables};
use crate::postgres::connection::Connection;
use crate::postgres::exported_snapshot;
use crate::postgres::pool::Pool;
use crate::postgres::source_locks::{Watch, named};
use crate::{DatabaseUrl, Error, TableName};
use progress::Context;

const APPLICATION: &str = "pg-replicate fingerprint";

/// The fingerprints of the tables selected by `is_wanted`, each partition separately, at most `jobs` at a
/// time, all in one snapshot.
///
/// `snapshot`: exported by a transaction that stays open; otherwise a new snapshot is used.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Unreachable`], [`Error::Database`] with the table that could not be read.
pub async fn database(
    url: &DatabaseUrl,
    is_wanted: impl Fn(&TableName) -> bool,
    jobs: u16,
    snapshot: Option<&str>,
    context: &Context,
) -> Result<BTreeMap<TableName, Fingerprint>, Error> {
    let first = Connection::open_for(context, url, APPLICATION).await?;
    let look = async {
        begin(&first, snapshot).await?;
        let snapshot = match snapshot {
            Some(snapshot) => snapshot.to_owned(),
            None => exported_snapshot::export(&first).await?,
        };
        Ok((tables(&first, &[]).await?, snapshot))
    };
    let looked = first.run(context, look).await;
    let (mut wanted, exported) = named(&first, looked).await?;
    wanted.retain(|table| is_wanted(&table.name));
    let pool = Pool::new(url, APPLICATION, usize::from(jobs).clamp(1, wanted.len().max(1)))?;
    let context = context.child();
    let work = wanted.iter().map(|table| one(&pool, table, &exported, &context)).collect();
    let all = each(work, usize::from(jobs), &context.cancel);
    let found = if snapshot.is_some() {
        // Whoever exported it watches the locks.
        all.await?
    } else {
        Watch::new(&first, &context.sessions).during(all, Some(&context.cancel)).await?
    };
    Ok(found.into_iter().collect())
}

async fn one(
    pool: &Pool,
    table: &Table,
    snapshot: &str,
    context: &Context,
) -> Result<(TableName, Fingerprint), Error> {
    let connection = pool.get(context).await?;
    let work = async {
        begin(&connection, Some(snapshot)).await?;
        let fingerprint = of(&connection, table).await?;
        exported_snapshot::end(&connection).await?;
        Ok((table.name.clone(), fingerprint))
    };
    connection.run(context, work).await
}

/// Runs all of `work`, at most `jobs` at a time. The first failure cancels the others through `cancel`,
/// which they must observe.
pub(crate) async fn each<T>(
    work: Vec<impl Future<Output = Result<T, Error>>>,
    jobs: usize,
    cancel: &CancellationToken,
) -> Result<Vec<T>, Error> {
    let mut done = Ok(Vec::with_capacity(work.len()));
    let mut waiting = work.into_iter();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < jobs.max(1) && done.is_ok() {
            let Some(one) = waiting.next() else { break };
            running.push(one);
        }
        let Some(result) = running.next().await else { return done };
        match (result, &mut done) {
            (Ok(found), Ok(all)) => all.push(found),
            (Err(error), Ok(_)) => {
                // The others only report that they were cancelled.
                done = Err(error);
                cancel.cancel();
            }
            (_, Err(_)) => {}
        }
    }
}
