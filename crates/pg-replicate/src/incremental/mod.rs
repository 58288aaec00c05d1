//! New, changed and deleted rows of chosen tables: one snapshot of the source, one transaction per
//! table on the target, tables in parallel.
//!
//! docs/incremental.md says what each mode guarantees.

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

use std::time::Instant;

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
    /// Looks at everything the copy needs, and changes nothing.
    pub async fn check(&self) -> Vec<Check> {
        check::all(self).await
    }

    /// Copies, for each table, the rows that its rule asks for: all tables from one snapshot of the
    /// source, each in one transaction on the target; tables that foreign keys tie together, when rows
    /// of a referenced one are deleted, in one for all of them. Tables that others refer to come
    /// first. Every table is looked at before the first is copied.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Configuration`] with every table that cannot be copied,
    /// [`Error::Database`]. Tables copied before the one that failed stay copied; those in work are
    /// as they were.
    pub async fn run(&self, context: &Context) -> Result<Summary, Error> {
        self.run_and_verify(Verify::None, context).await
    }

    /// As [`Incremental::run`]; then the tables are compared with the source, in the snapshot that they were copied from.
    /// One that differs though its mode promises otherwise is an error.
    ///
    /// # Errors
    /// As [`Incremental::run`], and [`Error::Verification`]: the tables are copied then.
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

    /// Looks at all tables over two connections, then copies over others.
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
        let (units, snapshot) = named(source, planned).await?;
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
            Ok(summary)
        };
        Watch::new(source, &context.sessions).during(work, Some(&context.cancel)).await
    }

    /// What is to be done, in an order that foreign keys allow, and the snapshot of the source, which
    /// lives as long as the connection's transaction.
    async fn plan(
        &self,
        source: &Connection,
        target: &Connection,
        tables: &[(&TableName, &TableRule)],
    ) -> Result<(Vec<TransactionGroup>, String), Error> {
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
        Ok((transaction_groups::units(&order, plans), snapshot))
    }
}
