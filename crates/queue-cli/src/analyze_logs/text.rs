//! The report for people, with the words and the order of the log parser that it replaces.

use std::fmt::Write;

use chrono::{DateTime, FixedOffset};

use super::event::Mark;
use super::line::Whose;
use super::objects::{KINDS, ObjectKind, between};
use super::run::{Part, Run, RunEnd};

/// Kinds of this program, in addition to pg_restore's.
const OURS: [&str; 3] = ["DUMP", "ENRICHMENT", "INCREMENTAL"];

/// A single successful run needs no title: its report is that of the original parser.
pub(super) fn report(runs: &[Run]) -> String {
    let alone = match runs {
        [run] => *run.end() == RunEnd::Finished && run.is_import() && !run.lacks_start(),
        _ => false,
    };
    let reports: Vec<String> = runs.iter().map(|run| report_of(run, !alone)).collect();
    reports.join("\n")
}

fn report_of(run: &Run, with_title: bool) -> String {
    let mut text = String::new();
    let mut line = |content: String| {
        let _ = writeln!(text, "{content}");
    };
    if with_title {
        title(run).into_iter().for_each(&mut line);
    }
    if run.is_import() {
        for (words, start, end) in [
            ("Durée de récupération du backup", Mark::BackupStart, Mark::BackupEnd),
            ("Durée de réplication", Mark::RestoreStart, Mark::RestoreEnd),
            ("Durée de l'enrichissement", Mark::EnrichmentStart, Mark::EnrichmentEnd),
        ] {
            line(format!("{words}: {}", part(run.part(start, end))));
        }
    }
    line(format!("Durée totale: {}", part(Some(run.total()))));
    let none = ObjectKind::default();
    for name in KINDS {
        match run.objects.kind(name) {
            Some(found) => kind(name, found).into_iter().for_each(&mut line),
            None if run.is_import() => kind(name, &none).into_iter().for_each(&mut line),
            None => {}
        }
    }
    for found in run.objects.other_kinds().filter(|kind| OURS.contains(&kind.name.as_str())) {
        kind(&found.name, found).into_iter().for_each(&mut line);
    }
    if *run.end() != RunEnd::Finished && run.objects.running().next().is_some() {
        line("Running then, for:".into());
        for object in run.objects.running() {
            line(format!("{} : {}", object.title, duration(between(object.since, run.last))));
        }
    }
    text
}

fn title(run: &Run) -> Vec<String> {
    let whose = match &run.whose {
        Whose::Run { id, step } => format!("Run {id} ({step})"),
        Whose::Source(source) if source.is_empty() => "Run".into(),
        Whose::Source(source) => format!("Run of {source}"),
    };
    let (from, to) = (time(run.started), time(run.last));
    let mut lines = vec![match run.end() {
        RunEnd::Finished => format!("{whose}, {from} to {to}"),
        RunEnd::Failed(reason) => {
            let reason = reason.lines().next().unwrap_or_default();
            format!("{whose}, {from}: failed at {to}: {reason}")
        }
        RunEnd::Interrupted => format!("{whose}, {from}: interrupted; its last line is of {to}"),
        RunEnd::Unknown => {
            format!("{whose}, {from}: not finished; the log has no more of it after {to}")
        }
    }];
    if run.lacks_start() {
        lines.push("The log does not have its beginning: what is known is of the rest.".into());
    }
    lines
}

fn kind(name: &str, kind: &ObjectKind) -> Vec<String> {
    let slowest =
        kind.slowest.iter().map(|(title, seconds)| format!("{title} : {}", duration(*seconds)));
    std::iter::once(format!("{name} total duration : {}", duration(kind.seconds)))
        .chain(slowest)
        .collect()
}

fn part(part: Option<Part>) -> String {
    match part {
        None => "not in the log".into(),
        Some(Part { seconds, has_ended: true }) => duration(seconds),
        Some(Part { seconds, .. }) => format!("{} (not finished)", duration(seconds)),
    }
}

/// `1h 27min 42s`
pub(super) fn duration(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let whole = seconds.round() as u64;
    format!("{}h {}min {}s", whole / 3600, whole / 60 % 60, whole % 60)
}

fn time(time: DateTime<FixedOffset>) -> String {
    time.format("%Y-%m-%d %H:%M:%S %z").to_string()
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn sixty_seconds_are_a_minute() {
        assert_eq!(duration(5_262.4), "1h 27min 42s");
        assert_eq!(duration(10_199.6), "2h 50min 0s");
        assert_eq!(duration(0.3), "0h 0min 0s");
    }
}
