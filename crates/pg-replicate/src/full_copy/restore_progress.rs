//! Progress of the restore of an archive: pg_restore's tables, and everything that workers do.

use std::collections::HashMap;

use super::backup::USUAL_SHARE;
use super::live::cost;
use super::live::plan::CopyPlan;
use super::live::tables::Table;
use super::restore_log::Event;
use crate::TableName;
use crate::archive::{Entry, tables_of};
use crate::phase_shares;
use progress::{Context, ObjectSummary, ProgressItem, ProgressTracker, Weight};

/// Assigns weights to what is restored, and follows pg_restore through the rows.
pub(super) struct RestoreProgress {
    board: ProgressTracker,
    items: HashMap<i32, Item>,
    running: HashMap<i32, Running>,
    /// Without parallel workers there is one item at a time, and pg_restore prints no numbers.
    one_by_one: Option<Running>,
    is_parallel: bool,
}

struct Item {
    kind: String,
    name: String,
    weight: Weight,
}

impl Item {
    fn start(&self, board: &ProgressTracker) -> Running {
        let object = board.start(&self.kind, &self.name, self.weight);
        Running { object, bytes: self.weight.bytes }
    }
}

/// pg_restore reports nothing about an item while it runs, and never its number of rows.
struct Running {
    object: ProgressItem,
    bytes: u64,
}

impl Running {
    fn end(self) {
        self.object.end_with(0, self.bytes);
    }
}

impl RestoreProgress {
    /// The weights of `plan`; `tables` are those in the archive.
    pub(super) fn new(context: &Context, plan: &CopyPlan, tables: &[Table]) -> Self {
        let by_name: HashMap<&TableName, &Table> =
            tables.iter().map(|table| (&table.name, table)).collect();
        let items: HashMap<i32, Item> = plan
            .rows
            .iter()
            .map(|entry| {
                let table = tables_of(entry).first().and_then(|name| by_name.get(name).copied());
                let weight = table.map_or(Weight::cost(cost::STATEMENT), |table| Weight {
                    cost: cost::data(table),
                    bytes: table.bytes() / USUAL_SHARE,
                });
                (entry.id, Item { kind: entry.kind.clone(), name: entry.name(), weight })
            })
            .collect();
        let others = plan.items.iter().chain(&plan.refreshed).map(|item| item.cost).sum();
        let weights = items.values().map(|item| item.weight);
        let total = weights.fold(Weight::cost(others), Weight::plus);
        let board = context.tracker("restore", phase_shares::RESTORE, total);
        Self { board, items, running: HashMap::new(), one_by_one: None, is_parallel: false }
    }

    /// The tracker for everything else that is restored.
    pub(super) fn board(&self) -> &ProgressTracker {
        &self.board
    }

    pub(super) fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::Launched(id) => {
                self.end_one();
                self.is_parallel = true;
                if let Some(item) = self.items.get(id) {
                    self.running.insert(*id, item.start(&self.board));
                }
            }
            Event::Finished(id) => {
                if let Some(object) = self.running.remove(id) {
                    object.end();
                }
            }
            // A worker also prints this about an item with a number.
            Event::Next { .. } if self.is_parallel => {}
            Event::Next { kind, name } => {
                self.end_one();
                let is_it = |item: &&Item| item.kind == *kind && item.name == *name;
                self.one_by_one =
                    self.items.values().find(is_it).map(|item| item.start(&self.board));
            }
            Event::Other(_) => {}
        }
    }

    fn end_one(&mut self) {
        if let Some(object) = self.one_by_one.take() {
            object.end();
        }
    }

    /// pg_restore has ended.
    pub(super) fn rows_end(&mut self) {
        self.end_one();
        // The end of some items was lost in interleaved lines.
        self.running.drain().for_each(|(_, object)| object.end());
    }

    /// Everything is restored. Returns the slowest objects.
    pub(super) fn end(self) -> Vec<ObjectSummary> {
        self.board.finish().slowest
    }
}

/// The tables whose rows are in the archive, with their estimated sizes, from the positions of their data
/// and the following data in the file.
pub(super) fn tables(entries: &[Entry], file_bytes: u64) -> Vec<Table> {
    let mut offsets: Vec<u64> = entries.iter().filter_map(|entry| entry.data_offset).collect();
    offsets.push(file_bytes);
    offsets.sort_unstable();
    let bytes = |start: u64| {
        let next = offsets[offsets.partition_point(|offset| *offset <= start)..].first();
        next.map_or(0, |next| next - start)
    };
    entries
        .iter()
        .filter(|entry| entry.kind == "TABLE DATA")
        .filter_map(|entry| {
            let bytes = entry.data_offset.map_or(0, bytes).saturating_mul(USUAL_SHARE);
            Some(Table::estimated(tables_of(entry).into_iter().next()?, bytes))
        })
        .collect()
}
