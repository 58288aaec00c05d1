//! Incremental copy: new, changed and deleted rows of selected tables, with one snapshot of the source, one
//! transaction per table on the target, and tables in parallel.
//!
//! docs/incremental.md describes the guarantees of each mode.

mod change_filter;
mod check;
mod copy;
mod deletes;
mod fired;
mod key;
mod merge;
mod merge_statements;
mod new_columns;
mod order;
mod parallel;
mod ranges;
mod sequences;
mod settings;
mod shifts;
mod table;
mod table_plan;
mod transaction_groups;

use std::time::{Instant, SystemTime};

use crate::incremental::transaction_groups::TransactionGroup;
use parallel::Sides;

use crate::postgres::connection::{Connection, run_both};
use crate::postgres::exported_snapshot;
use crate::postgres::pool::Pool;
use crate::postgres::source_locks::{Watch, named};
use crate::postgres::versions;
use crate::{Check, Error, Side, TableName, TableRule, Verify, verify};
use progress::{Context, PhaseSummary, Summary};

pub use settings::{CopyFormat, Incremental, SchemaChanges};

const APPLICATION: &str = "pg-replicate incremental";

impl Incremental {
    /// Checks everything that the copy needs, without changing anything.
    pub async fn check(&self) -> Vec<Check> {
        check::all(self).await
    }

    /// Copies the rows selected by each table's rule: all tables in one snapshot of the source, each in one
    /// transaction on the target. Tables connected by foreign keys share a transaction if rows of a
    /// referenced table are deleted. Referenced tables come first. Every table is checked before the first
    /// one is copied.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Configuration`] with every table that cannot be copied,
    /// [`Error::Database`]. Tables copied before the failed one stay copied; those in progress are
    /// unchanged.
    pub async fn run(&self, context: &Context) -> Result<Summary, Error> {
        self.run_and_verify(Verify::None, context).await
    }

    /// [`Incremental::run`] followed by a comparison with the source, in the snapshot that was copied. A
    /// table that differs although its mode promises otherwise is an error.
    ///
    /// # Errors
    /// As [`Incremental::run`], and [`Error::Verification`], in which case the tables have been copied.
    pub async fn run_and_verify(
        &self,
        verify: Verify,
        context: &Context,
    ) -> Result<Summary, Error> {
        let start = Instant::now();
        context.check()?;
        let tables: Vec<(&TableName, &TableRule)> = self.mode.updated().collect();
        if tables.is_empty() {
            tracing::info!("No incremental tables configured");
            return Ok(PhaseSummary::ended("incremental", start).into());
        }
        tracing::info!("Start incremental replication");
        let source = Connection::open_for(context, &self.source, APPLICATION).await?;
        let target = Connection::open_for(context, &self.target, APPLICATION).await?;
        crate::postgres::same_database::refuse(&source, &target).await?;
        versions::refuse_old(&source, Side::Source).await?;
        versions::refuse_old(&target, Side::Target).await?;
        let work = self.copy_all(&source, &target, &tables, verify, context);
        let summary = work.await?;
        tracing::info!("Incremental replication done");
        Ok(summary.since(start))
    }

    /// Checks all tables over two connections, then copies over others.
    async fn copy_all(
        &self,
        source: &Connection,
        target: &Connection,
        tables: &[(&TableName, &TableRule)],
        verify: Verify,
        context: &Context,
    ) -> Result<Summary, Error> {
        let planned = self.plan(source, target, tables);
        let planned = run_both(source, target, context, planned).await;
        let (units, snapshot, time) = named(source, planned).await?;
        let jobs = usize::from(self.jobs).clamp(1, units.len());
        let sides = Sides {
            source: Pool::new(&self.source, APPLICATION, jobs)?,
            target: Pool::new(&self.target, APPLICATION, jobs)?,
            snapshot,
        };
        sides.source.fill(Side::Source, 1, context).await?;
        sides.target.fill(Side::Target, 1, context).await?;
        let context = &context.child();
        let work = async {
            let mut summary = parallel::copy_all(&sides, &units, jobs, context).await?;
            let (mode, jobs, snapshot) = (&self.mode, self.jobs, &sides.snapshot);
            let (from, to) = (&self.source, &self.target);
            let compared = verify::run_updated(from, to, mode, verify, jobs, snapshot, context);
            summary.extend(compared.await?);
            summary.facts.snapshot_at = Some(time);
            Ok(summary)
        };
        Watch::new(source, &context.sessions).during(work, Some(&context.cancel)).await
    }

    /// The tables to copy, in an order that satisfies foreign keys, and the snapshot of the source, which
    /// exists as long as the connection's transaction.
    async fn plan(
        &self,
        source: &Connection,
        target: &Connection,
        tables: &[(&TableName, &TableRule)],
    ) -> Result<(Vec<TransactionGroup>, String, SystemTime), Error> {
        let mut wrong = Vec::new();
        for (table, rule) in tables {
            wrong.extend(table::check_rule(source, table, rule, self).await?);
        }
        if !wrong.is_empty() {
            return Err(Error::Configuration(wrong.join("; ")));
        }
        exported_snapshot::begin(source, None).await?;
        let snapshot = exported_snapshot::export(source).await?;
        let names: Vec<TableName> = tables.iter().map(|(table, _)| (*table).clone()).collect();
        let order = order::order(target, &names).await?;
        for key in &order.risky {
            tracing::warn!(foreign_key = key.name, "{key}");
        }
        let mut plans = Vec::new();
        for table in &order.tables {
            let Some((_, rule)) = tables.iter().find(|(name, _)| *name == table) else { continue };
            match table::plan(source, target, table, rule, self).await? {
                Ok(plan) => {
                    let fires = fired::find(target, [table], fired::Writes::of_rule(rule)).await?;
                    wrong.extend(fired::refusal(table, &fires));
                    plans.push(plan);
                }
                Err(reason) => wrong.push(reason),
            }
        }
        if !wrong.is_empty() {
            return Err(Error::Configuration(wrong.join("; ")));
        }
        let time = exported_snapshot::time(source).await?;
        Ok((transaction_groups::units(&order, plans), snapshot, time))
    }
}
