//! Tables in parallel, each as soon as those it refers to are whole.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::copy;
use super::table::TablePlan;
use super::transfer::Copied;
use super::units::Unit;
use crate::connection::Connection;
use crate::context::PhaseProgress;
use crate::pool::Pool;
use crate::{Context, Error};

/// Where the connections come from, and what they all see.
pub(super) struct Sides {
    pub(super) source: Pool,
    pub(super) target: Pool,
    /// Exported by a transaction that stays open.
    pub(super) snapshot: String,
}

/// Copies all units, at most `jobs` at a time. The first failure ends the others: what they had not
/// committed is rolled back.
pub(super) async fn copy_all(
    sides: &Sides,
    units: &[Unit],
    jobs: usize,
    context: &Context,
    progress: PhaseProgress<'_>,
) -> Result<Copied, Error> {
    let context =
        &Context { cancel: context.cancel.child_token(), progress: context.progress.clone() };
    let board = Board::new(progress, units.iter().map(|unit| unit.plans.len()).sum());
    let one = async |number: usize| {
        let result = copy_one(sides, &units[number], &board, context).await;
        (number, result)
    };
    let mut waiting: Vec<usize> = (0..units.len()).collect();
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
                // What the others say is only that they were ended.
                outcome = outcome.and(Err(error));
                context.cancel.cancel();
            }
        }
    }
    outcome?;
    Ok(board.end())
}

async fn copy_one(
    sides: &Sides,
    unit: &Unit,
    board: &Board<'_>,
    context: &Context,
) -> Result<(), Error> {
    let source = sides.source.get(context).await?;
    let target = sides.target.get(context).await?;
    let work = async {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{}'",
            sides.snapshot
        );
        let failed = |error| source.error("read in the snapshot of the source", &error);
        source.batch_execute(&begin).await.map_err(failed)?;
        let report = |plan: &TablePlan, bytes| board.running(&plan.table.to_string(), bytes);
        let copied = copy::unit(&source, &target, unit, &report).await?;
        for (plan, copied) in unit.plans.iter().zip(copied) {
            board.whole(&plan.table.to_string(), copied);
        }
        source.batch_execute("COMMIT").await.map_err(failed)
    };
    run_both(&source, &target, context, work).await
}

/// Runs `work`, which uses both connections; when the step is cancelled, both servers are told.
pub(super) async fn run_both<T>(
    source: &Connection,
    target: &Connection,
    context: &Context,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let result = source.run(context, target.run(context, work)).await;
    if result.as_ref().is_err_and(Error::is_cancelled) {
        target.canceller().cancel().await;
    }
    result
}

/// What all tables together have done.
struct Board<'a> {
    state: Mutex<State<'a>>,
    tables: usize,
}

struct State<'a> {
    progress: PhaseProgress<'a>,
    whole: usize,
    done: Copied,
    /// Bytes of the tables in work.
    running: BTreeMap<String, u64>,
}

impl<'a> Board<'a> {
    fn new(progress: PhaseProgress<'a>, tables: usize) -> Self {
        let running = BTreeMap::new();
        let state = State { progress, whole: 0, done: Copied::default(), running };
        Self { state: Mutex::new(state), tables }
    }

    fn change(&self, object: Option<&str>, change: impl FnOnce(&mut State<'a>)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let fraction = state.whole as f64 / self.tables.max(1) as f64;
        let (rows, bytes) =
            (state.done.rows, state.done.bytes + state.running.values().sum::<u64>());
        state.progress.report(fraction, object.map(ToOwned::to_owned), rows, bytes);
    }

    fn running(&self, table: &str, bytes: u64) {
        self.change(Some(table), |state| {
            state.running.insert(table.to_owned(), bytes);
        });
    }

    fn whole(&self, table: &str, copied: Copied) {
        self.change(Some(table), |state| {
            state.running.remove(table);
            state.whole += 1;
            state.done.rows += copied.rows;
            state.done.bytes += copied.bytes;
        });
    }

    fn end(&self) -> Copied {
        let mut done = Copied::default();
        self.change(None, |state| done = state.done);
        done
    }
}
