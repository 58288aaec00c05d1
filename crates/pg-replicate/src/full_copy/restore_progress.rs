//! How far a restore has come, by what its items weigh.

use std::collections::HashMap;

use super::restore_log::Event;
use crate::TableName;
use crate::archive::{Entry, tables_of};
use crate::context::PhaseProgress;

/// What an item costs beside its table's bytes: a round trip or two.
const FIXED: u64 = 4096;

/// Weighs entries, and follows pg_restore through them.
pub(super) struct RestoreProgress<'a> {
    phase: PhaseProgress<'a>,
    costs: HashMap<i32, (u64, String)>,
    total: u64,
    done: u64,
    /// Without parallel workers items have no numbers: every step counts the same.
    steps: u64,
    bytes: u64,
}

impl<'a> RestoreProgress<'a> {
    /// `entries` are restored from an archive of `file_bytes`.
    pub(super) fn new(phase: PhaseProgress<'a>, entries: &[Entry], file_bytes: u64) -> Self {
        let tables = table_bytes(entries, file_bytes);
        let costs: HashMap<_, _> = entries
            .iter()
            .map(|entry| {
                let bytes = tables_of(entry).first().and_then(|table| tables.get(table)).copied();
                let bytes = if weighs(entry) { bytes.unwrap_or_default() } else { 0 };
                (entry.id, (FIXED + bytes, entry.to_string()))
            })
            .collect();
        let total = costs.values().map(|(cost, _)| cost).sum::<u64>().max(1);
        Self { phase, costs, total, done: 0, steps: 0, bytes: 0 }
    }

    pub(super) fn follow(&mut self, event: &Event<'_>) {
        let object = match event {
            Event::Launched(id) => self.costs.get(id).map(|(_, name)| name.clone()),
            Event::Finished(id) => match self.costs.remove(id) {
                Some((cost, name)) => {
                    self.done += cost;
                    if name.starts_with("TABLE DATA ") {
                        self.bytes += cost - FIXED;
                    }
                    Some(name)
                }
                None => None,
            },
            Event::Next => {
                self.steps += 1;
                None
            }
            Event::Other(_) => return,
        };
        // Parallel: what was made before the parallel loop has steps, but weighs little.
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let fraction = if self.done > 0 {
            self.done as f64 / self.total as f64
        } else {
            (self.steps as f64 / self.costs.len().max(1) as f64)
                * (FIXED as f64 * self.costs.len() as f64 / self.total as f64)
        };
        self.phase.report(fraction.min(0.99), object, 0, self.bytes);
    }

    pub(super) fn end(&mut self, file_bytes: u64) {
        self.phase.report(1.0, None, 0, file_bytes);
    }
}

/// Data, and what reads a whole table to be made.
fn weighs(entry: &Entry) -> bool {
    matches!(entry.kind.as_str(), "TABLE DATA" | "INDEX" | "CONSTRAINT" | "FK CONSTRAINT")
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
