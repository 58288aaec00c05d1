//! What the objects that ended did together.

use std::collections::HashMap;
use std::time::Instant;

use crate::summary::{ObjectSummary, Summary, seconds};

/// Sums, and the objects that took longest; nothing is kept of the others.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) objects: u64,
    /// No phases: the slowest objects alone.
    pub(super) summary: Summary,
    /// Objects of which parts are missing.
    in_parts: HashMap<(String, String), Merged>,
}

#[derive(Debug)]
struct Merged {
    /// Parts that have not ended.
    left: u32,
    started: Instant,
    whole: ObjectSummary,
}

impl Totals {
    /// An object that is one piece.
    pub(super) fn whole(&mut self, object: ObjectSummary) {
        self.objects += 1;
        self.summary.keep_if_slow(object);
    }

    /// One of `parts` pieces of an object, which ran from `started` to `now`. The object is counted
    /// with its last piece; its time is from its first piece's start to its last piece's end.
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
