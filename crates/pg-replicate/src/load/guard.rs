//! Guard of a load's transaction: ensures that it is still the same one.

use futures_util::future;
use tokio_postgres::Row;

use crate::Error;
use crate::postgres::connection::Connection;
use crate::postgres::sql_text::Strings;
use crate::psql_script::strings_of_server;

const SQL: &str = include_str!("../../sql/load_guard.sql");

/// The transaction of a load.
///
/// A script's statements are sent with the extended protocol: the server itself refuses a message with more
/// than one statement, so none can be hidden.
pub(super) struct Guard<'a> {
    connection: &'a Connection,
    transaction: i64,
}

impl<'a> Guard<'a> {
    /// Begins the transaction.
    pub(super) async fn begin(connection: &'a Connection) -> Result<Self, Error> {
        let begun = async {
            connection.batch_execute("BEGIN").await?;
            connection.query_one("SELECT pg_catalog.txid_current()", &[]).await
        };
        let row = begun.await.map_err(|error| connection.error("begin the load", &error))?;
        Ok(Self { connection, transaction: row.get(0) })
    }

    /// The connection that it uses.
    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Executes one statement, named `action` in errors; returns the number of rows written, and the
    /// current meaning of a backslash.
    pub(super) async fn run(&self, action: &str, sql: &str) -> Result<(u64, Strings), Error> {
        // Both at once, in one round trip.
        let sent = self.connection.execute_typed(sql, &[]);
        let looked = self.connection.query_typed(SQL, &[]);
        let (sent, looked) = future::join(sent, looked).await;
        let rows = sent.map_err(|error| self.connection.error(action, &error))?;
        Ok((rows, self.strings(action, looked)?))
    }

    /// Checks the transaction after work other than [`Guard::run`].
    pub(super) async fn look(&self, action: &str) -> Result<Strings, Error> {
        self.strings(action, self.connection.query_typed(SQL, &[]).await)
    }

    fn strings(
        &self,
        action: &str,
        looked: Result<Vec<Row>, tokio_postgres::Error>,
    ) -> Result<Strings, Error> {
        let rows = looked.map_err(|error| self.connection.error(action, &error))?;
        let Some(row) = rows.first() else {
            return Err(Error::Configuration(format!("{action}: the server does not answer")));
        };
        if row.get::<_, Option<i64>>("transaction") != Some(self.transaction) {
            return Err(Error::Configuration(format!(
                "{action}: the statement ended the transaction of the load: check the content of the target"
            )));
        }
        let encoding: String = row.get("encoding");
        // In a SQL_ASCII database, rows are plain bytes; quotes mean the same there.
        if !matches!(encoding.as_str(), "UTF8" | "SQL_ASCII") {
            return Err(Error::Configuration(format!(
                "{action}: the statement sets client_encoding to {encoding}: the text of a script must be UTF-8; remove the statement"
            )));
        }
        Ok(strings_of_server(row.get("strings")))
    }

    /// Commits.
    pub(super) async fn commit(self) -> Result<(), Error> {
        let action = "commit the load";
        self.look(action).await?;
        let committed = self.connection.batch_execute("COMMIT").await;
        committed.map_err(|error| self.connection.error(action, &error))
    }
}
