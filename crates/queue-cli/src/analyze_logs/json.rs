//! The report as JSON.

use serde_json::{Value, json};

use super::event::Mark;
use super::line::Whose;
use super::objects::{KINDS, ObjectKind, between};
use super::run::{Run, RunEnd};
use super::runs::Log;

pub(super) fn report(date: &str, log: &Log) -> Value {
    json!({
        "date": date,
        "runs": log.runs.iter().map(run).collect::<Vec<_>>(),
        "lines": {
            "read": log.counts.lines,
            "broken": log.counts.broken,
            "without_time": log.counts.untimed,
        },
    })
}

fn run(run: &Run) -> Value {
    let (run_id, step, source) = match &run.whose {
        Whose::Run { id, step } => (Some(id), Some(step), None),
        Whose::Source(source) => (None, None, Some(source)),
    };
    let (outcome, reason) = match run.end() {
        RunEnd::Finished => ("finished", None),
        RunEnd::Failed(reason) => ("failed", Some(reason)),
        RunEnd::Interrupted => ("interrupted", None),
        RunEnd::Unknown => ("unfinished", None),
    };
    let part = |start, end| {
        run.part(start, end)
            .map(|part| json!({ "seconds": rounded(part.seconds), "ended": part.has_ended }))
    };
    let kinds: Vec<Value> = KINDS
        .iter()
        .filter_map(|name| run.objects.kind(name))
        .chain(run.objects.other_kinds())
        .map(kind)
        .collect();
    let ended_well = *run.end() == RunEnd::Finished;
    let running: Vec<Value> = run
        .objects
        .running()
        .filter(|_| !ended_well)
        .map(|object| {
            json!({
                "object": object.title,
                "since": object.since.to_rfc3339(),
                "seconds": rounded(between(object.since, run.last)),
            })
        })
        .collect();
    json!({
        "run_id": run_id,
        "step": step,
        "source": source,
        "started_at": run.started.to_rfc3339(),
        "ended_at": run.last.to_rfc3339(),
        "outcome": outcome,
        "reason": reason,
        "has_beginning": !run.lacks_start(),
        "backup": part(Mark::BackupStart, Mark::BackupEnd),
        "replication": part(Mark::RestoreStart, Mark::RestoreEnd),
        "enrichment": part(Mark::EnrichmentStart, Mark::EnrichmentEnd),
        "total": { "seconds": rounded(run.total().seconds), "ended": ended_well },
        "kinds": kinds,
        "running": running,
    })
}

fn kind(kind: &ObjectKind) -> Value {
    let slowest: Vec<Value> = kind
        .slowest
        .iter()
        .map(|(title, seconds)| json!({ "object": title, "seconds": rounded(*seconds) }))
        .collect();
    json!({
        "kind": kind.name,
        "objects": kind.objects,
        "seconds": rounded(kind.seconds),
        "slowest": slowest,
    })
}

/// Rounded to milliseconds, the resolution of log lines.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
