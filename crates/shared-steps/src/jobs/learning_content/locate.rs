//! Location of a refused value. A failed COPY gives its position only in the server's language, so the
//! values are cast again, column by column, with binary search.

use tokio_postgres::Client;

use super::convert::{Row, shortened};
use super::ddl::cast;
use super::error::{Error, UnfitValue};
use super::tables::{Column, Table};
use pg_replicate::reason;

/// Whether the server refused a value (SQLSTATE class 22, data exception).
pub(super) fn is_data_error(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code().starts_with("22"))
}

/// The error that names the first value of `rows` that does not fit its column; `None` if there is none, or
/// it cannot be determined.
pub(super) async fn unfit_value(client: &Client, table: &Table, rows: &[Row]) -> Option<Error> {
    for (index, column) in table.columns.iter().enumerate() {
        // Every string fits these types, and the array literals are well-formed.
        if matches!(column.sql_type.as_str(), "text" | "text[]") {
            continue;
        }
        let values: Vec<_> = rows.iter().map(|row| row[index + 1].as_deref()).collect();
        if let Some((position, reason)) = first_unfit(client, column, &values).await {
            let value = values[position].unwrap_or_default();
            return Some(Error::Value(Box::new(UnfitValue {
                table: table.name.clone(),
                item: shortened(rows[position][0].as_deref().unwrap_or_default()),
                column: column.name.clone(),
                sql_type: column.sql_type.clone(),
                found: format!("\"{}\"", shortened(value)),
                // The server quotes the whole value.
                reason: reason.replace(value, &shortened(value)),
            })));
        }
    }
    None
}

async fn first_unfit(
    client: &Client,
    column: &Column,
    values: &[Option<&str>],
) -> Option<(usize, String)> {
    let mut refused = refusal(client, column, values).await?;
    let (mut start, mut end) = (0, values.len());
    while end - start > 1 {
        let middle = start + (end - start) / 2;
        match refusal(client, column, &values[start..middle]).await {
            Some(reason) => (end, refused) = (middle, reason),
            None => start = middle,
        }
    }
    // With a single value left, the server's error is about that one.
    if let Some(reason) = refusal(client, column, &values[start..end]).await {
        refused = reason;
    }
    Some((start, refused))
}

/// Why the server refuses one of `values`, if it does.
async fn refusal(client: &Client, column: &Column, values: &[Option<&str>]) -> Option<String> {
    match client.query_one(&cast(&column.sql_type), &[&values]).await {
        Err(error) if is_data_error(&error) => Some(reason(&error)),
        _ => None,
    }
}
