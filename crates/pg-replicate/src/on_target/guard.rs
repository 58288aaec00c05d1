//! Guard of the target: only one program at a time writes to it.
//!
//! The writer holds an advisory lock of the database in a session that exists as long as the step, so the
//! server releases the lock whatever happens to the program. That session also monitors the step's other
//! sessions, and reports whom they wait for.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::OnTarget;
use crate::postgres::connection::Connection;
use crate::{DatabaseUrl, Error};
use progress::Context;

const LOCK: &str = include_str!("../../sql/on_target/lock.sql");
const HOLDER: &str = include_str!("../../sql/on_target/holder.sql");
const WAITS: &str = include_str!("../../sql/on_target/waits.sql");

/// A previous attempt that has just ended releases the lock within this time.
const GRACE: Duration = Duration::from_secs(5);
const GRACE_PAUSE: Duration = Duration::from_millis(200);

/// Interval of the checks of the step's sessions.
const GLANCE: Duration = Duration::from_secs(2);

/// Interval of log lines about one wait.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// Time limit for the work to end when it must.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Runs `work`, which writes to `target`, while no other program does; `who` is its name for others. It is
/// cancelled if the lock is lost, or if one of its sessions has waited for locks of others longer than
/// [`OnTarget::lock_timeout`].
///
/// # Errors
/// [`Error::Busy`] with the name of the other writer, or of those who hold a lock; [`Error::Unreachable`];
/// those of `work`.
pub async fn exclusively<T, E, F>(
    target: &DatabaseUrl,
    who: &str,
    on_target: OnTarget,
    context: &Context,
    work: impl FnOnce(Context) -> F,
) -> Result<T, E>
where
    E: From<Error>,
    F: Future<Output = Result<T, E>>,
{
    let guard = Guard::take(target, who, context).await?;
    let context = context.child();
    let mut work = std::pin::pin!(work(context.clone()));
    tokio::select! {
        result = &mut work => result,
        error = guard.watch(on_target.lock_timeout) => {
            // Servers are told to stop: if the work were just dropped, one that is not reading would
            // continue.
            context.cancel.cancel();
            let _ = tokio::time::timeout(END_LIMIT, work).await;
            Err(error.into())
        }
    }
}

struct Guard {
    connection: Connection,
}

impl Guard {
    async fn take(target: &DatabaseUrl, who: &str, context: &Context) -> Result<Self, Error> {
        let name = application_name(who);
        let connection = Connection::open_for(context, target, &name).await?;
        let refused = |error| connection.error("take the lock of who writes the target", &error);
        let work = async {
            let start = Instant::now();
            loop {
                if connection.query_one(LOCK, &[]).await.map_err(refused)?.get("is_ours") {
                    return Ok(());
                }
                if start.elapsed() >= GRACE {
                    let holder = connection.query_opt(HOLDER, &[]).await.map_err(refused)?;
                    return Err(in_use(target, holder.as_ref()));
                }
                tokio::time::sleep(GRACE_PAUSE).await;
            }
        };
        connection.run(context, work).await?;
        Ok(Self { connection })
    }

    /// Returns only if the step must end, with the reason.
    async fn watch(&self, limit: Duration) -> Error {
        let mut waits = HashMap::new();
        loop {
            tokio::time::sleep(GLANCE).await;
            let rows = match self.connection.query(WAITS, &[]).await {
                Ok(rows) => rows,
                Err(error) => {
                    let lost =
                        "the lock of who writes the target was lost, so that the step has to end";
                    return self.connection.error(lost, &error);
                }
            };
            if let Some(error) = look_at(&rows, &mut waits, limit) {
                return error;
            }
        }
    }
}

/// A wait in progress, by the server's process.
struct Wait {
    since: Instant,
    said: Option<Instant>,
}

fn look_at(rows: &[Row], waits: &mut HashMap<i32, Wait>, limit: Duration) -> Option<Error> {
    let pids: Vec<i32> = rows.iter().map(|row| row.get("pid")).collect();
    waits.retain(|pid, _| pids.contains(pid));
    for row in rows {
        let (wanted, holders): (&str, &str) = (row.get("wanted"), row.get("holders"));
        let Some(wait) = waits.get_mut(&row.get::<_, i32>("pid")) else {
            // Most waits are over before the next check.
            let wait = Wait { since: Instant::now(), said: None };
            waits.insert(row.get("pid"), wait);
            continue;
        };
        let seconds = wait.since.elapsed().as_secs();
        if wait.since.elapsed() >= limit {
            return Some(Error::Busy(format!(
                "{wanted} on the target could not be locked within {seconds} s: it is in use by {holders}; end \
                 those sessions or wait for them, or raise TARGET_LOCK_TIMEOUT"
            )));
        }
        if wait.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            tracing::warn!(wanted, holders, "Waiting for a lock on {wanted}, in use by {holders}");
            wait.said = Some(Instant::now());
        }
    }
    None
}

fn in_use(target: &DatabaseUrl, holder: Option<&Row>) -> Error {
    let holder = holder.map_or("a program that has just ended", |row| row.get("holder"));
    Error::Busy(format!(
        "{target} is being written by {holder}; nothing was changed: wait until that has ended, or stop it"
    ))
}

/// The step, the machine and the process.
fn application_name(who: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("pg-replicate {who}, process {} on {}", std::process::id(), host.trim())
}
