//! The one state of the source that everything is read from.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::{Context, DatabaseUrl, Error, TableName};

const SESSION: &str = include_str!("../../../sql/live/source_session.sql");

const EXPORT: &str = include_str!("../../../sql/live/export.sql");

/// How often the transaction that holds the snapshot is asked whether it still lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How often its connection is looked at.
const GLANCE: Duration = Duration::from_millis(500);

/// Tables locked by one statement.
const LOCKED_AT_ONCE: usize = 500;

/// A transaction that has exported its snapshot and stays open.
pub(crate) struct Snapshot {
    connection: Connection,
    id: String,
    is_sql_ascii: bool,
}

impl Snapshot {
    /// Begins the transaction.
    pub(crate) async fn export(source: &DatabaseUrl, context: &Context) -> Result<Self, Error> {
        let connection = Connection::open_for(context, source, super::APPLICATION).await?;
        let work = async {
            let failed = |error| connection.error("begin a snapshot of the source", &error);
            connection.batch_execute(SESSION).await.map_err(failed)?;
            connection
                .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await
                .map_err(failed)?;
            connection
                .query_one(EXPORT, &[])
                .await
                .map(|row| (row.get("snapshot"), row.get("is_sql_ascii")))
                .map_err(failed)
        };
        let (id, is_sql_ascii) = connection.run(context, work).await?;
        Ok(Self { connection, id, is_sql_ascii })
    }

    /// What others name it by.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What sessions set that read or write rows, so that bytes pass as they are: those of a database that
    /// knows no encoding need not be UTF-8. Of all others the servers convert.
    pub(crate) fn encoding(&self) -> &'static str {
        if self.is_sql_ascii { "SET client_encoding = 'SQL_ASCII'; " } else { "" }
    }

    /// For queries in the snapshot.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Locks the tables against changes of their definition, and against TRUNCATE, whose effect no
    /// snapshot hides; rows can be written meanwhile.
    pub(crate) async fn lock(&self, tables: impl Iterator<Item = &TableName>) -> Result<(), Error> {
        let names: Vec<String> = tables.map(TableName::quoted).collect();
        for some in names.chunks(LOCKED_AT_ONCE) {
            let list: Vec<String> = some.iter().map(|name| format!("ONLY {name}")).collect();
            let sql = format!("LOCK TABLE {} IN ACCESS SHARE MODE", list.join(", "));
            self.connection.batch_execute(&sql).await.map_err(|error| {
                self.connection.error("lock the source's tables against changes", &error)
            })?;
        }
        Ok(())
    }

    /// Waits until the snapshot is lost, and says so.
    pub(crate) async fn lost(&self) -> Error {
        let mut asked = Instant::now();
        loop {
            tokio::time::sleep(GLANCE).await;
            if !self.connection.is_closed() && asked.elapsed() < HEARTBEAT {
                continue;
            }
            asked = Instant::now();
            if let Err(error) = self.connection.batch_execute("SELECT 1").await {
                return self.connection.error(
                    "the snapshot of the source was lost, so that the copy has to begin anew",
                    &error,
                );
            }
        }
    }

    /// Another connection that reads in the snapshot until it is closed.
    pub(crate) async fn reader(&self, context: &Context) -> Result<Connection, Error> {
        let source = self.connection.url();
        let connection = Connection::open_for(context, source, super::APPLICATION).await?;
        let encoding = self.encoding();
        let begin = format!(
            "{SESSION}{encoding}BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{}'",
            self.id
        );
        let work = async {
            connection
                .batch_execute(&begin)
                .await
                .map_err(|error| connection.error("read in the snapshot of the source", &error))
        };
        connection.run(context, work).await?;
        Ok(connection)
    }
}
