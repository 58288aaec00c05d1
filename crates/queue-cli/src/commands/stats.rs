//! `stats`: how many jobs wait, run, have ended.

use bull_queue::Queue;
use serde_json::json;

use crate::output::{Output, table};

pub(crate) async fn run(queues: &[Queue], output: Output) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for queue in queues {
        rows.push((queue.name(), queue.counts().await?));
    }
    if output.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(queue, counts)| {
                json!({
                    "queue": queue,
                    "waiting": counts.waiting,
                    "active": counts.active,
                    "completed": counts.completed,
                    "failed": counts.failed,
                    "delayed": counts.delayed,
                    "paused": counts.paused,
                })
            })
            .collect();
        return output.json(&rows);
    }
    let mut table =
        table(["queue", "waiting", "active", "completed", "failed", "delayed", "paused"]);
    for (queue, counts) in rows {
        let numbers = [
            counts.waiting,
            counts.active,
            counts.completed,
            counts.failed,
            counts.delayed,
            counts.paused,
        ];
        table.add_row(
            std::iter::once(queue.to_owned()).chain(numbers.iter().map(ToString::to_string)),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    output.line(table);
    Ok(())
}
