//! The report of the newer Node.js program: duration, start and end of each part of a whole run.

use std::collections::HashMap;
use std::fmt::Write;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::line::{Line, Whose};
use super::objects::between;
use super::text::duration;

type Time = DateTime<FixedOffset>;

/// A part: its name in the report, and the messages of its start and end.
struct Part {
    words: &'static str,
    starts: &'static [&'static str],
    ends: &'static [&'static str],
}

/// In the order in which they run.
const PARTS: [Part; 7] = [
    Part {
        words: "Durée de création du backup",
        starts: &["Start create Backup", "Start fetch Backup"],
        ends: &["End create Backup", "End fetch Backup"],
    },
    Part {
        words: "Durée du drop des tables",
        starts: &["Start drop Objects AndRestoreBackup"],
        ends: &["End drop Objects AndRestoreBackup"],
    },
    Part { words: "Durée du restore", starts: &["Start restore"], ends: &["Restore done"] },
    Part {
        words: "Durée de la création des vues",
        starts: &["Start create view"],
        ends: &["End create view"],
    },
    Part {
        words: "Durée de la mise à jour des authentication-methods",
        starts: &["UPDATE \"authentication-methods\" - Started"],
        ends: &["UPDATE \"authentication-methods\" - Ended"],
    },
    Part {
        words: "Durée de l'incrémentale",
        starts: &["Start incremental replication"],
        ends: &["Incremental replication done"],
    },
    Part {
        words: "Durée du Learning Content",
        starts: &["learningContent.run - Started"],
        ends: &["learningContent.run - Ended"],
    },
];

/// A run through all steps. An attempt that starts a part again is a new one.
#[derive(Debug)]
pub(super) struct Timeline {
    run: String,
    day: NaiveDate,
    started: Time,
    last: Time,
    spans: [Option<(Time, Option<Time>)>; PARTS.len()],
}

/// The timelines of a day.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    open: HashMap<String, Timeline>,
    ended: Vec<Timeline>,
}

impl Timelines {
    /// Adds the message of a line.
    pub(super) fn take(&mut self, message: &str, line: &Line<'_>) {
        let run = match &line.whose {
            Whose::Run { id, .. } => id,
            Whose::Source(source) => source,
        };
        let time = line.stamp.time;
        if let Some(part) = PARTS.iter().position(|part| part.starts.contains(&message)) {
            let is_over = |open: &Timeline| open.spans[part..].iter().any(Option::is_some);
            if self.open.get(run).is_some_and(is_over) {
                self.ended.extend(self.open.remove(run));
            }
            let timeline = self.open.entry(run.clone()).or_insert_with(|| Timeline {
                run: run.clone(),
                day: line.stamp.day,
                started: time,
                last: time,
                spans: [None; PARTS.len()],
            });
            timeline.spans[part] = Some((time, None));
            timeline.last = time;
        } else if let Some(part) = PARTS.iter().position(|part| part.ends.contains(&message))
            && let Some(timeline) = self.open.get_mut(run)
            && let Some((_, end)) = &mut timeline.spans[part]
        {
            *end = Some(time);
            timeline.last = time;
        }
    }

    /// Ends the log; returns the runs that began on `day`, in order.
    pub(super) fn end(mut self, day: Option<NaiveDate>) -> Vec<Timeline> {
        let mut all: Vec<Timeline> = self.ended.drain(..).chain(self.open.into_values()).collect();
        all.retain(|timeline| Some(timeline.day) == day);
        all.sort_by_key(|timeline| timeline.started);
        all
    }
}

/// A single run needs no title.
pub(super) fn report(timelines: &[Timeline]) -> String {
    let with_title = timelines.len() > 1;
    let reports: Vec<String> = timelines.iter().map(|one| report_of(one, with_title)).collect();
    reports.join("\n")
}

fn report_of(timeline: &Timeline, with_title: bool) -> String {
    let mut text = String::new();
    if with_title {
        let started = timeline.started.format("%Y-%m-%d %H:%M:%S %z");
        let run = &timeline.run;
        let _ = writeln!(text, "{}, {started}", format!("Run {run}").trim_end());
    }
    for (part, span) in PARTS.iter().zip(&timeline.spans) {
        let _ = match span {
            None => writeln!(text, "{}: not in the log", part.words),
            Some((start, None)) => {
                let start = start.format("%H:%M:%S");
                writeln!(text, "{}: not finished (de {start})", part.words)
            }
            Some((start, Some(end))) => writeln!(text, "{}: {}", part.words, span_of(*start, *end)),
        };
    }
    let _ = writeln!(text, "Durée totale: {}", span_of(timeline.started, timeline.last));
    text
}

/// `1h 27min 42s (de 05:00:00 à 06:27:42)`
fn span_of(start: Time, end: Time) -> String {
    let (from, to) = (start.format("%H:%M:%S"), end.format("%H:%M:%S"));
    format!("{} (de {from} à {to})", duration(between(start, end)))
}
