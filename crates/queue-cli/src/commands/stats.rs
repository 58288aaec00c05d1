//! `stats`: number of jobs in each state.

use bull_queue::{Counts, State};
use chrono::Utc;
use pipeline::{Step, snapshot_age};
use serde_json::{Map, Value};

use crate::cli::Stats;
use crate::context::Context;
use crate::output::table;

pub(crate) async fn run(context: &Context, stats: &Stats) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for queue in &context.queues {
        rows.push((queue.name(), queue.counts().await?));
    }
    let overdue = overdue(context, stats).await?;
    if context.output.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(queue, counts)| {
                let mut row = as_json(queue, counts);
                if *queue == Step::SNAPSHOT.queue
                    && let Some(overdue) = &overdue
                {
                    row["overdue"] = overdue.as_str().into();
                }
                row
            })
            .collect();
        return context.output.json(&rows);
    }
    context.output.line(as_table(&rows));
    if let Some(overdue) = overdue {
        context.output.line(format!("{}: overdue, {overdue}", Step::SNAPSHOT.queue));
    }
    Ok(())
}

/// A sentence if no job of the snapshot queue has completed for longer than `SNAPSHOT_MAX_AGE`.
async fn overdue(context: &Context, stats: &Stats) -> anyhow::Result<Option<String>> {
    let max_age = stats.max_age.snapshot_max_age;
    let queue = context.queues.iter().find(|queue| queue.name() == Step::SNAPSHOT.queue);
    let (Some(max_age), Some(queue)) = (max_age, queue) else { return Ok(None) };
    let last = snapshot_age::last_completed(queue).await?;
    Ok(snapshot_age::overdue(last, max_age, Utc::now()))
}

/// The counts of one queue, in the order of [`State::ALL`].
pub(crate) fn as_json(queue: &str, counts: &Counts) -> Value {
    let mut row = Map::new();
    row.insert("queue".into(), queue.into());
    row.extend(State::ALL.map(|state| (state.name().to_owned(), counts.of(state).into())));
    Value::Object(row)
}

/// The counts of several queues.
pub(crate) fn as_table(rows: &[(&str, Counts)]) -> comfy_table::Table {
    let mut table =
        table(["queue", "waiting", "active", "completed", "failed", "delayed", "paused"]);
    for (queue, counts) in rows {
        let numbers = State::ALL.map(|state| counts.of(state).to_string());
        table.add_row(std::iter::once((*queue).to_owned()).chain(numbers));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    table
}
