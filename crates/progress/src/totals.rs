//! Totals of the objects that have ended.

use std::collections::HashMap;
use std::time::Instant;

use crate::summary::{ObjectSummary, Summary, seconds};

/// PostgreSQL's term for the rows of a table.
const TABLE_DATA: &str = "TABLE DATA";

/// Sums, and the slowest objects; and the rows of tables; nothing else is stored of the objects.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) objects: u64,
    /// Contains only the slowest objects, no phases.
    pub(super) summary: Summary,
    /// Objects of which parts are still missing.
    in_parts: HashMap<(String, String), Merged>,
}

#[derive(Debug)]
struct Merged {
    /// Number of parts that have not ended.
    left: u32,
    started: Instant,
    whole: ObjectSummary,
}

impl Totals {
    /// Adds an object that is not divided into parts.
    pub(super) fn whole(&mut self, object: ObjectSummary) {
        self.objects += 1;
        if object.kind == TABLE_DATA {
            self.summary.facts.rows.insert(object.name.clone(), object.rows);
        }
        self.summary.keep_if_slow(object);
    }

    /// Adds one of `parts` parts of an object, which ran from `started` to `now`. The object is counted
    /// with its last part; its time lasts from the start of the first part to the end of the last.
    pub(super) fn part(
        &mut self,
        object: ObjectSummary,
        parts: u32,
        started: Instant,
        now: Instant,
    ) {
        let key = (object.kind.clone(), object.name.clone());
        let merged = self.in_parts.entry(key.clone()).or_insert_with(|| Merged {
            left: parts,
            started,
            whole: ObjectSummary { rows: 0, bytes: 0, ..object.clone() },
        });
        merged.started = merged.started.min(started);
        merged.whole.rows += object.rows;
        merged.whole.bytes += object.bytes;
        merged.left = merged.left.saturating_sub(1);
        merged.whole.seconds = seconds(now - merged.started);
        if merged.left == 0
            && let Some(merged) = self.in_parts.remove(&key)
        {
            self.whole(merged.whole);
        }
    }
}
