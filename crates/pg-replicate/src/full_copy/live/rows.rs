//! Copy of a table's rows, or of a part of them.

use super::split::Part;
use super::tables::Table;
use crate::postgres::connection::Connection;
use crate::postgres::copy;
use crate::postgres::copy::{Copied, Transfer};
use crate::{CopyRule, Error};

/// One copy of rows.
pub(super) struct Rows<'a> {
    pub(super) table: &'a Table,
    pub(super) part: Option<Part>,
    /// What is read instead of the plain columns, and which rows.
    pub(super) rule: Option<&'a CopyRule>,
}

impl Rows<'_> {
    /// Reads in the snapshot of `source` and writes on `target` in one transaction. `report` receives the
    /// bytes as they pass.
    ///
    /// A whole table is truncated and written with FREEZE in that transaction, so that its pages need not
    /// be written again.
    pub(super) async fn copy(
        &self,
        source: &Connection,
        target: &Connection,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<Copied, Error> {
        let table = self.table;
        let name = &table.name;
        let is_frozen = self.part.is_none() && table.through.is_none();
        let into = table.through.as_ref().unwrap_or(&table.target).quoted();
        if is_frozen {
            let sql = format!("BEGIN; TRUNCATE ONLY {into}");
            target.batch_execute(&sql).await.map_err(|error| {
                target.error(format!("begin to write {name} on the target"), &error)
            })?;
        }
        let format = if table.is_binary { "binary" } else { "text" };
        let freeze = if is_frozen { ", FREEZE" } else { "" };
        let transfer = Transfer {
            table: name,
            read: format!("COPY {} TO STDOUT (FORMAT {format})", self.selection()),
            write: format!(
                "COPY {into}{} FROM STDIN (FORMAT {format}{freeze})",
                table.column_list()
            ),
        };
        let copied = copy::copy(source, target, &transfer, report).await?;
        if is_frozen {
            target.batch_execute("COMMIT").await.map_err(|error| {
                target.error(format!("commit the rows of {name} on the target"), &error)
            })?;
        }
        Ok(copied)
    }

    /// The source of COPY: the table itself if there are no rules, which is fastest.
    fn selection(&self) -> String {
        let table = self.table;
        let name = table.name.quoted();
        let part = self.part.as_ref().map(Part::condition);
        let filter = self.rule.and_then(CopyRule::filter).map(|filter| format!("({filter})"));
        if part.is_none() && self.rule.is_none() {
            return format!("{name}{}", table.column_list());
        }
        let columns = match self.rule {
            Some(rule) => rule.select_list(&table.columns),
            None => table.quoted_columns(),
        };
        let conditions: Vec<String> = part.into_iter().chain(filter).collect();
        let condition = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        format!("(SELECT {columns} FROM ONLY {name}{condition})")
    }
}
