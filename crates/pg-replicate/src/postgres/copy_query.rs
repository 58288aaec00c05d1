//! The rows that a query of the source gives, into a table of the target.

use crate::postgres::connection::Connection;
use crate::postgres::copy;
pub(crate) use crate::postgres::copy::Copied;
use crate::postgres::copy::Transfer;
use crate::postgres::session_settings;
use crate::{Error, TableName};

/// Copies what `query` reads on the source into `columns` of `into`; `report` is told the bytes of each
/// piece. `table` is whose rows they are, for errors.
pub(crate) async fn rows(
    source: &Connection,
    target: &Connection,
    table: &TableName,
    query: &str,
    into: &str,
    is_binary: bool,
    report: &(dyn Fn(u64) + Sync),
) -> Result<Copied, Error> {
    let format = if is_binary { "binary" } else { "text" };
    let transfer = Transfer {
        table,
        read: format!("COPY ({query}) TO STDOUT (FORMAT {format})"),
        write: format!("COPY {into} FROM STDIN (FORMAT {format})"),
    };
    if !session_settings::is_sql_ascii(source.url()) {
        return copy::copy(source, target, &transfer, report).await;
    }
    // Bytes of a database that knows no encoding pass as they are; both would refuse what is no UTF-8. Keys and
    // names, which are read here, come before and after.
    set_encoding(source, "SQL_ASCII").await?;
    set_encoding(target, "SQL_ASCII").await?;
    let copied = copy::copy(source, target, &transfer, report).await?;
    set_encoding(source, "UTF8").await?;
    set_encoding(target, "UTF8").await?;
    Ok(copied)
}

async fn set_encoding(side: &Connection, encoding: &str) -> Result<(), Error> {
    let set = side.batch_execute(&format!("SET client_encoding = '{encoding}'")).await;
    set.map_err(|error| side.error("set the encoding of the session", &error))
}
