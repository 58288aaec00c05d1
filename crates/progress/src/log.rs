//! The start and the end of objects as lines of the log.
//!
//! The words are those of `pg_restore --verbose`, which operators' log analysis looks for.

use crate::summary::ObjectSummary;

/// Items whose lines everybody sees: more than any database of a platform has, but a log that is
/// paid by the line must not grow with a database of a hundred thousand partitions.
const ITEMS: u64 = 5_000;

/// Of the items beyond, those that took so long, in seconds, are still worth a line.
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
