//! pg_restore's items on a board, each with what it weighs.

use std::collections::HashMap;

use super::restore_log::Event;
use crate::TableName;
use crate::archive::{Entry, tables_of};
use crate::context::share;
use crate::objects::{Board, Object, Weight};
use crate::{Context, ObjectSummary};

/// What an item costs beside its table's bytes: a round trip or two.
const FIXED: u64 = 4096;

/// Weighs entries, and follows pg_restore through them.
pub(super) struct RestoreProgress {
    board: Board,
    items: HashMap<i32, Item>,
    running: HashMap<i32, Running>,
    /// Without parallel workers there is one item at a time, and pg_restore says no numbers.
    one_by_one: Option<Running>,
    is_parallel: bool,
}

struct Item {
    kind: String,
    name: String,
    weight: Weight,
}

impl Item {
    fn start(&self, board: &Board) -> Running {
        let object = board.start(&self.kind, &self.name, self.weight);
        Running { object, bytes: self.weight.bytes }
    }
}

/// pg_restore tells nothing of an item while it runs, and never how many rows it has.
struct Running {
    object: Object,
    bytes: u64,
}

impl Running {
    fn end(self) {
        self.object.end_with(0, self.bytes);
    }
}

impl RestoreProgress {
    /// `entries` are restored from an archive of `file_bytes`.
    pub(super) fn new(context: &Context, entries: &[Entry], file_bytes: u64) -> Self {
        let tables = table_bytes(entries, file_bytes);
        let items: HashMap<i32, Item> = entries
            .iter()
            .map(|entry| {
                let bytes = tables_of(entry).first().and_then(|table| tables.get(table)).copied();
                let bytes = if weighs(&entry.kind) { bytes.unwrap_or_default() } else { 0 };
                let moved = if entry.kind == "TABLE DATA" { bytes } else { 0 };
                let weight = Weight { cost: FIXED + bytes, bytes: moved };
                (entry.id, Item { kind: entry.kind.clone(), name: entry.name(), weight })
            })
            .collect();
        let total = items.values().fold(Weight::default(), |sum, item| sum.plus(item.weight));
        let board = context.board("restore", share::RESTORE, total);
        Self { board, items, running: HashMap::new(), one_by_one: None, is_parallel: false }
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
            // A worker says it too, of an item that has a number.
            Event::Next { .. } if self.is_parallel => {}
            Event::Next { kind, name } => {
                self.end_one();
                // The many small ones before the data would only make the log long.
                if weighs(kind) {
                    let is_it = |item: &&Item| item.kind == *kind && item.name == *name;
                    self.one_by_one =
                        self.items.values().find(is_it).map(|item| item.start(&self.board));
                }
            }
            Event::Other(_) => {}
        }
    }

    fn end_one(&mut self) {
        if let Some(object) = self.one_by_one.take() {
            object.end();
        }
    }

    /// All is restored. Answers the objects that took longest.
    pub(super) fn end(mut self) -> Vec<ObjectSummary> {
        self.end_one();
        // Whose end was lost where two workers' lines were one.
        self.running.drain().for_each(|(_, object)| object.end());
        self.board.finish().slowest
    }
}

/// Data, and what reads a whole table to be made.
fn weighs(kind: &str) -> bool {
    matches!(kind, "TABLE DATA" | "INDEX" | "CONSTRAINT" | "FK CONSTRAINT")
}

/// The bytes of each table's data in the archive: up to where the next data starts.
fn table_bytes(entries: &[Entry], file_bytes: u64) -> HashMap<TableName, u64> {
    let mut offsets: Vec<u64> = entries.iter().filter_map(|entry| entry.data_offset).collect();
    offsets.push(file_bytes);
    offsets.sort_unstable();
    entries
        .iter()
        .filter(|entry| entry.kind == "TABLE DATA")
        .filter_map(|entry| {
            let start = entry.data_offset?;
            let next = offsets.iter().find(|offset| **offset > start).copied().unwrap_or(start);
            Some((tables_of(entry).into_iter().next()?, next - start))
        })
        .collect()
}
