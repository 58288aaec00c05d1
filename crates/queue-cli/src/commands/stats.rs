//! `stats`: how many jobs wait, run, have ended.

use bull_queue::{Counts, State};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::output::table;

pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for queue in &context.queues {
        rows.push((queue.name(), queue.counts().await?));
    }
    if context.output.json {
        let rows: Vec<_> = rows.iter().map(|(queue, counts)| as_json(queue, counts)).collect();
        return context.output.json(&rows);
    }
    context.output.line(as_table(&rows));
    Ok(())
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
