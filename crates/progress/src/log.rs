//! Log lines at the start and the end of objects.
//!
//! The wording is that of `pg_restore --verbose`, which operators' log analysis relies on.

use crate::summary::ObjectSummary;

/// Number of items logged at level info: more than usual databases have, but limited, because logs may be
/// charged by the line and a database may have a hundred thousand partitions.
const ITEMS: u64 = 5_000;

/// Items beyond this number are logged at level info if they took at least this many seconds.
const LONG: f64 = 10.0;

pub(super) fn launching(item: u64, kind: &str, name: &str) {
    if item <= ITEMS {
        tracing::info!(item, kind, object = name, "launching item {item} {kind} {name}");
    } else {
        tracing::debug!(item, kind, object = name, "launching item {item} {kind} {name}");
    }
    if item == ITEMS {
        tracing::info!(
            "From here on, items are logged only when they end and took {LONG} seconds or more; \
             LOG_LEVEL=debug shows all"
        );
    }
}

pub(super) fn finished(item: u64, object: &ObjectSummary) {
    let ObjectSummary { kind, name, rows, bytes, seconds } = object;
    if item <= ITEMS || *seconds >= LONG {
        tracing::info!(
            item,
            kind,
            object = name,
            rows,
            bytes,
            seconds,
            "finished item {item} {kind} {name}"
        );
    } else {
        tracing::debug!(
            item,
            kind,
            object = name,
            rows,
            bytes,
            seconds,
            "finished item {item} {kind} {name}"
        );
    }
}

pub(super) fn given_up(item: u64, kind: &str, name: &str) {
    tracing::debug!(item, kind, object = name, "item {item} {kind} {name} did not end");
}
