//! Parallel copy of tables, each as soon as the tables it refers to are complete.

use std::cmp::Reverse;
use std::sync::OnceLock;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::copy;
use super::table_plan::TablePlan;
use crate::incremental::transaction_groups::TransactionGroup;
use crate::phase_shares;
use crate::postgres::connection::run_both;
use crate::postgres::copy::Copied;
use crate::postgres::exported_snapshot;
use crate::postgres::pool::Pool;
use crate::{Error, TableName};
use progress::{Context, ProgressItem, ProgressTracker, Summary, Weight};

/// The connections and the snapshot that all tasks use.
pub(super) struct Sides {
    pub(super) source: Pool,
    pub(super) target: Pool,
    /// Exported by a transaction that stays open.
    pub(super) snapshot: String,
}

/// Copies all groups, at most `jobs` at a time. The first failure cancels the others, whose uncommitted
/// work is rolled back.
pub(super) async fn copy_all(
    sides: &Sides,
    units: &[TransactionGroup],
    jobs: usize,
    context: &Context,
) -> Result<Summary, Error> {
    let context = &context.child();
    let tables = units.iter().map(|unit| unit.plans.len() as u64).sum();
    let board = context.tracker("incremental", phase_shares::INCREMENTAL, Weight::cost(tables));
    let one = async |number: usize| {
        let result = copy_one(sides, &units[number], &board, context).await;
        (number, result)
    };
    let mut waiting: Vec<usize> = (0..units.len()).collect();
    // The longest first: started last, it would run alone at the end.
    waiting.sort_by_key(|number| Reverse(units[*number].weight));
    let mut is_whole = vec![false; units.len()];
    let mut running = FuturesUnordered::new();
    let mut outcome = Ok(());
    loop {
        while running.len() < jobs.max(1) && outcome.is_ok() {
            let ready =
                |number: &usize| units[*number].needs.iter().all(|needed| is_whole[*needed]);
            let Some(place) = waiting.iter().position(ready) else { break };
            running.push(one(waiting.remove(place)));
        }
        let Some((number, result)) = running.next().await else { break };
        match result {
            Ok(()) => is_whole[number] = true,
            Err(error) => {
                // The others only report that they were cancelled.
                outcome = outcome.and(Err(error));
                context.cancel.cancel();
            }
        }
    }
    outcome?;
    Ok(board.finish())
}

async fn copy_one(
    sides: &Sides,
    unit: &TransactionGroup,
    board: &ProgressTracker,
    context: &Context,
) -> Result<(), Error> {
    let source = sides.source.get(context).await?;
    let target = sides.target.get(context).await?;
    let work = async {
        exported_snapshot::begin(&source, Some(&sides.snapshot)).await?;
        let tables = Tables::new(board, unit);
        let report = |plan: &TablePlan, bytes| tables.advance(&plan.table, bytes);
        let copied = copy::unit(&source, &target, unit, &report).await?;
        tables.end(&copied);
        exported_snapshot::end(&source).await
    };
    run_both(&source, &target, context, work).await
}

/// The tables of a group in the progress tracker, each from the time it is started.
struct Tables<'a> {
    board: &'a ProgressTracker,
    objects: Vec<(&'a TableName, OnceLock<ProgressItem>)>,
}

impl<'a> Tables<'a> {
    fn new(board: &'a ProgressTracker, unit: &'a TransactionGroup) -> Self {
        let objects = unit.plans.iter().map(|plan| (&plan.table, OnceLock::new())).collect();
        Self { board, objects }
    }

    fn advance(&self, table: &TableName, bytes: u64) {
        if let Some((table, object)) = self.objects.iter().find(|(name, _)| *name == table) {
            let name = format!("{}.{}", table.schema, table.name);
            let start = || self.board.start("INCREMENTAL", &name, Weight::cost(1));
            object.get_or_init(start).advance(0, bytes);
        }
    }

    /// All groups are committed; `copied` is in the order of the plans.
    fn end(self, copied: &[Copied]) {
        for ((_, object), copied) in self.objects.into_iter().zip(copied) {
            if let Some(object) = object.into_inner() {
                object.end(copied.rows);
            }
        }
    }
}
