//! Rows with a larger id, over two connections.
//!
//! Rows that the source commits late with a smaller id, updates and deletions are not seen: that is
//! what an incremental table is.

mod check;
mod copy;
mod order;
mod table;

use std::time::Instant;

use crate::connection::Connection;
use crate::context::share;
use crate::summary::PhaseSummary;
use crate::{BackupMode, Check, Context, DatabaseUrl, Error, Summary, TableMode, TableName};

/// How rows travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyFormat {
    /// COPY's text format.
    #[default]
    Text,
    /// COPY's binary format, faster; a table with a type whose binary form is not the same on both
    /// servers goes as text.
    Binary,
}

/// The incremental copy of the tables of mode `incremental`.
#[derive(Clone, Debug)]
pub struct Incremental {
    /// The database that is read.
    pub source: DatabaseUrl,
    /// The database that is written.
    pub target: DatabaseUrl,
    /// Which tables.
    pub mode: BackupMode,
    /// How rows travel.
    pub format: CopyFormat,
}

impl Incremental {
    /// Looks at everything the copy needs, and changes nothing.
    pub async fn check(&self) -> Vec<Check> {
        check::all(self).await
    }

    /// Copies, for each incremental table, the rows whose id is larger than the largest on the
    /// target: all tables from one snapshot of the source, each in one transaction on the target.
    /// Tables that others refer to come first. Every table is looked at before the first is copied.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Configuration`] with every table that cannot be copied,
    /// [`Error::Database`]. Tables copied before the one that failed stay copied.
    pub async fn run(&self, context: &Context) -> Result<Summary, Error> {
        let start = Instant::now();
        context.check()?;
        let tables: Vec<TableName> = self.mode.tables(TableMode::Incremental).cloned().collect();
        if tables.is_empty() {
            tracing::info!("No incremental tables configured");
            return Ok(PhaseSummary::ended("incremental", start).into());
        }
        tracing::info!("Start incremental replication");
        let source =
            Connection::open_for(context, &self.source, "pg-replicate incremental").await?;
        let target =
            Connection::open_for(context, &self.target, "pg-replicate incremental").await?;
        let work = self.copy_all(&source, &target, &tables, context);
        // Both servers are told when the step is cancelled.
        let result = source.run(context, target.run(context, work)).await;
        if result.as_ref().is_err_and(Error::is_cancelled) {
            target.canceller().cancel().await;
        }
        let (rows, bytes) = result?;
        tracing::info!("Incremental replication done");
        let objects = tables.len() as u64;
        let phase =
            PhaseSummary { objects, rows, bytes, ..PhaseSummary::ended("incremental", start) };
        Ok(phase.into())
    }

    /// Answers the rows and bytes copied.
    async fn copy_all(
        &self,
        source: &Connection,
        target: &Connection,
        tables: &[TableName],
        context: &Context,
    ) -> Result<(u64, u64), Error> {
        source
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(|error| source.error("begin a snapshot of the source", &error))?;
        let (order, risky) = order::order(target, tables).await?;
        for key in &risky {
            tracing::warn!(foreign_key = key.name, "{key}");
        }
        let mut plans = Vec::new();
        let mut wrong = Vec::new();
        for table in &order {
            match table::plan(source, target, table, self.format).await? {
                Ok(plan) => plans.push(plan),
                Err(reason) => wrong.push(reason),
            }
        }
        if !wrong.is_empty() {
            return Err(Error::Configuration(wrong.join("; ")));
        }
        let mut progress = context.phase("incremental", share::INCREMENTAL);
        let (mut rows, mut bytes) = (0, 0);
        for (number, plan) in plans.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let fraction = number as f64 / plans.len() as f64;
            let name = plan.table.to_string();
            let mut report =
                |copied: u64| progress.report(fraction, Some(name.clone()), rows, bytes + copied);
            report(0);
            let copied = copy::table(source, target, plan, &mut report).await?;
            rows += copied.rows;
            bytes += copied.bytes;
        }
        progress.report(1.0, None, rows, bytes);
        Ok((rows, bytes))
    }
}
