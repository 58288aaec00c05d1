//! The rows that a query of the source gives, into a table of the target.

use crate::connection::Connection;
pub(crate) use crate::transfer::Copied;
use crate::transfer::{self, Transfer};
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
    transfer::copy(source, target, &transfer, report).await
}
