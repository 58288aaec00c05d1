//! Dry run of expressions on the source, in a read-only transaction.

use tokio_postgres::error::SqlState;

use crate::postgres::columns::Column;
use crate::postgres::connection::Connection;
use crate::postgres::error_text::reason_without_values;
use crate::{CopyRule, Error, TableName};

/// Number of rows on which an expression is tried.
const ROWS: u32 = 100;

/// Time limit, because a filter that selects few rows may have to scan all of them.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '10s'; SAVEPOINT pg_replicate";

/// Tries the expressions of one table's rule.
pub(super) struct DryRun<'a> {
    source: &'a Connection,
    table: &'a TableName,
    /// The text after FROM.
    rows: String,
    rule: &'a CopyRule,
}

impl<'a> DryRun<'a> {
    pub(super) async fn begin(
        source: &'a Connection,
        table: &'a TableName,
        rows: String,
        rule: &'a CopyRule,
    ) -> Result<Self, Error> {
        let trial = Self { source, table, rows, rule };
        trial.execute(BEGIN).await?;
        Ok(trial)
    }

    pub(super) async fn end(self) -> Result<(), Error> {
        self.execute("ROLLBACK").await
    }

    /// What is wrong with the filter.
    pub(super) async fn filter(&self) -> Result<Option<String>, Error> {
        let Some(filter) = self.rule.filter() else { return Ok(None) };
        let sql = format!(
            "SELECT count(*) > 0 FROM (SELECT FROM {} WHERE ({filter}) LIMIT {ROWS}) AS sample",
            self.rows
        );
        let wanted = "must be a condition over one row of the table";
        Ok(match self.ask(&sql).await? {
            Ok(_) => None,
            Err(reason) => Some(self.describe("\"where\"", filter, &reason, wanted)),
        })
    }

    /// What is wrong with a column's expression. If the filter is invalid, the expression is only planned.
    pub(super) async fn column(
        &self,
        column: &Column,
        is_filter_good: bool,
    ) -> Result<Option<String>, Error> {
        let Some((_, expression)) = self.rule.columns().find(|(name, _)| *name == column.name)
        else {
            return Ok(None);
        };
        let (table, sql_type) = (&self.rows, &column.sql_type);
        let value = format!("({expression})::{sql_type}");
        let place = format!("column \"{}\"", column.name);
        let wanted = format!(
            "must be an expression over one row of the table that can be cast to {sql_type}"
        );
        // A condition cannot contain anything that changes the number of rows: no set-returning function,
        // no aggregate.
        let plan = format!(
            "SELECT count(*) > 0 FROM {table} WHERE false AND pg_catalog.num_nulls({value}) > 0"
        );
        if let Err(reason) = self.ask(&plan).await? {
            return Ok(Some(self.describe(&place, expression, &reason, &wanted)));
        }
        if !is_filter_good {
            return Ok(None);
        }
        let filter = self.rule.filter().map(|filter| format!(" WHERE ({filter})"));
        let try_it = format!(
            "SELECT coalesce(bool_or(pg_catalog.num_nulls(value) > 0), false) \
             FROM (SELECT {value} AS value FROM {table}{} LIMIT {ROWS}) AS sample",
            filter.unwrap_or_default()
        );
        Ok(match self.ask(&try_it).await? {
            Ok(true) if column.is_not_null => {
                let reason = "it gives NULL for a row, and the column is NOT NULL";
                Some(self.describe(&place, expression, reason, "must have another value"))
            }
            Ok(_) => None,
            Err(reason) => Some(self.describe(&place, expression, &reason, &wanted)),
        })
    }

    /// The result of a query that must be a single statement, or the server's error. A row that is not
    /// found in time is not an error.
    async fn ask(&self, sql: &str) -> Result<Result<bool, String>, Error> {
        // The extended protocol allows only one statement.
        let answer = self.source.query_one(sql, &[]).await;
        let error = match answer {
            Ok(row) => return Ok(Ok(row.get(0))),
            Err(error) => error,
        };
        if error.as_db_error().is_none() {
            return Err(self.failed(&error));
        }
        let text = reason_without_values(&error);
        self.execute("ROLLBACK TO SAVEPOINT pg_replicate").await?;
        if error.code() == Some(&SqlState::QUERY_CANCELED) {
            tracing::warn!(table_name = %self.table, "An expression for {} could not be tried in time", self.table);
            return Ok(Ok(false));
        }
        Ok(Err(text))
    }

    async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.source.batch_execute(sql).await.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &tokio_postgres::Error) -> Error {
        self.source.error(format!("try the expressions for {}", self.table), error)
    }

    fn describe(&self, place: &str, expression: &str, reason: &str, wanted: &str) -> String {
        format!(
            "BACKUP_MODE, table \"{}\", {place}: {expression}: {reason}; {wanted} (names of other schemas than \
             pg_catalog are written out, as public.f)",
            self.table
        )
    }
}
