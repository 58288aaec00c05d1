//! Locks on tables that others read.
//!
//! Dropping a table needs a lock that waits for all readers, and everyone who wants to read it then waits
//! behind this program. A reader of several tables may even wait for this program while this program waits
//! for it; the server ends such a deadlock after `deadlock_timeout` with an error for one of them. All
//! locks are therefore taken at once or none, without waiting. If this fails for some time, the program
//! waits in the lock queue, but always for less than `deadlock_timeout`, so that the reader never gets the
//! error.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Oid;
use tokio_postgres::{Error, GenericClient};

const HOLDERS: &str = include_str!("../../sql/on_target/holders.sql");

/// Number of attempts without waiting before one that waits.
const QUICK_TRIES: u64 = 40;

/// The longest pause between two of them; pauses vary, so that they do not coincide with a reader's rhythm.
const QUICK_PAUSE_MS: u64 = 25;

/// Pause between two rounds of attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Interval of log lines about the blocking sessions.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// The sessions that hold requested relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    /// The relations, with the following verb: `answers is`.
    pub blocked: String,
    /// The sessions.
    pub sessions: String,
}

/// Why the locks were not taken.
#[derive(Debug)]
pub enum GaveUp {
    /// An error of the server.
    Server(Error),
    /// Others held them for too long.
    Busy {
        /// The time waited.
        waited: Duration,
        /// By whom.
        holders: Holders,
    },
}

/// An attempt that waits in the lock queue.
#[derive(Clone, Copy, Debug)]
pub struct InLine {
    wait: Duration,
    /// Number of such attempts before.
    number: usize,
}

impl InLine {
    /// The tables in another order each time: whoever reads several tables without a pause locks them in an
    /// order that is not known here, and only the same order is no deadlock.
    fn order(self, tables: &[String]) -> Vec<&str> {
        let mut ordered: Vec<&str> = tables.iter().map(String::as_str).collect();
        if self.number % 2 == 1 {
            ordered.reverse();
        }
        ordered.rotate_left(self.number / 2 % tables.len().max(1));
        ordered
    }
}

/// The sequence of attempts until the locks are taken.
#[derive(Debug)]
pub struct Patience {
    start: Instant,
    limit: Duration,
    in_line: Duration,
    quick_tries: u64,
    rounds: usize,
    said: Option<Instant>,
}

impl Patience {
    /// Waits for others for at most `limit` in total.
    ///
    /// # Errors
    /// The server's error.
    pub async fn new(client: &(impl GenericClient + Sync), limit: Duration) -> Result<Self, Error> {
        const SQL: &str =
            "SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'";
        let milliseconds: i32 = client.query_one(SQL, &[]).await?.get(0);
        let milliseconds = u64::try_from(milliseconds).unwrap_or_default();
        // LOCK may take this long, and locks taken afterwards half as long.
        let in_line = Duration::from_millis((milliseconds * 2 / 5).max(1));
        Ok(Self { start: Instant::now(), limit, in_line, quick_tries: 0, rounds: 0, said: None })
    }

    /// Whether the next attempt may wait in the lock queue; `None` means that it may not.
    #[must_use]
    pub fn in_line(&self) -> Option<InLine> {
        let next = InLine { wait: self.in_line, number: self.rounds };
        (self.quick_tries >= QUICK_TRIES).then_some(next)
    }

    /// After an attempt that was rolled back because others hold one of `relations`: waits for them.
    ///
    /// # Errors
    /// [`GaveUp::Busy`] if this has taken too long.
    pub async fn give_way(
        &mut self,
        client: &(impl GenericClient + Sync),
        relations: &[Oid],
    ) -> Result<(), GaveUp> {
        if self.quick_tries < QUICK_TRIES {
            self.quick_tries += 1;
            let pause = 1 + self.quick_tries * 7 % QUICK_PAUSE_MS;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            return Ok(());
        }
        self.quick_tries = 0;
        self.rounds += 1;
        let holders = holders(client, relations).await.map_err(GaveUp::Server)?;
        self.wait_for(holders.unwrap_or_else(Holders::gone)).await
    }

    /// Waits until nobody holds any of `relations`.
    ///
    /// # Errors
    /// As [`Patience::give_way`].
    pub async fn until_free(
        &mut self,
        client: &(impl GenericClient + Sync),
        relations: &[Oid],
    ) -> Result<(), GaveUp> {
        while let Some(holders) = holders(client, relations).await.map_err(GaveUp::Server)? {
            self.wait_for(holders).await?;
        }
        Ok(())
    }

    async fn wait_for(&mut self, holders: Holders) -> Result<(), GaveUp> {
        let waited = self.start.elapsed();
        if waited >= self.limit {
            return Err(GaveUp::Busy { waited, holders });
        }
        if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            let Holders { blocked, sessions } = &holders;
            tracing::info!(blocked, sessions, "{blocked} in use by {sessions}; trying again");
            self.said = Some(Instant::now());
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

/// Locks the tables, given by their quoted names, or fails; also limits how long the following statements
/// in the transaction wait for other locks, for example those of a view.
///
/// # Errors
/// The server's error; [`is_busy`] tells whether others hold a lock.
pub async fn lock(
    client: &(impl GenericClient + Sync),
    tables: &[String],
    in_line: Option<InLine>,
) -> Result<(), Error> {
    if !tables.is_empty() {
        let lock = match in_line {
            Some(turn) => {
                // The lock timeout applies to each table separately, the statement timeout to all together.
                let limit = format!("SET LOCAL statement_timeout = {}", turn.wait.as_millis());
                client.batch_execute(&limit).await?;
                format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", turn.order(tables).join(", "))
            }
            None => format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT", tables.join(", ")),
        };
        client.batch_execute(&lock).await?;
    }
    let lock_timeout = in_line.map_or(1, |turn| (turn.wait.as_millis() / 2).max(1));
    let limits =
        format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {lock_timeout}");
    client.batch_execute(&limits).await
}

/// Locks own views, given by their quoted names, or fails. LOCK TABLE would also lock what they read, or refuse.
///
/// # Errors
/// As [`lock`].
pub async fn lock_views(
    client: &(impl GenericClient + Sync),
    views: &[&str],
    in_line: Option<InLine>,
) -> Result<(), Error> {
    if views.is_empty() {
        return Ok(());
    }
    let wait = in_line.map_or(1, |turn| (turn.wait.as_millis() / 2).max(1));
    client.batch_execute(&format!("SET LOCAL lock_timeout = {wait}")).await?;
    // It takes the lock that dropping takes, and changes nothing.
    let lock = |view: &&str| format!("ALTER TABLE {view} OWNER TO CURRENT_USER;");
    client.batch_execute(&views.iter().map(lock).collect::<String>()).await
}

/// Whether the error means that others hold a requested lock.
#[must_use]
pub fn is_busy(error: &Error) -> bool {
    let busy =
        [SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| busy.contains(code))
}

async fn holders(
    client: &(impl GenericClient + Sync),
    relations: &[Oid],
) -> Result<Option<Holders>, Error> {
    let rows = client.query(HOLDERS, &[&relations]).await?;
    let distinct = |column: &str| {
        let mut names: Vec<String> = rows.iter().map(|row| row.get(column)).collect();
        names.sort();
        names.dedup();
        names
    };
    let (tables, sessions) = (distinct("relation"), distinct("holder"));
    let verb = if tables.len() == 1 { "is" } else { "are" };
    Ok((!tables.is_empty()).then(|| Holders {
        blocked: format!("{} {verb}", tables.join(", ")),
        sessions: sessions.join(", "),
    }))
}

impl Holders {
    fn gone() -> Self {
        Self { blocked: "the tables are".into(), sessions: "sessions that have just ended".into() }
    }
}
