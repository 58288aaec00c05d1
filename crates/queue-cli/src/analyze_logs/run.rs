//! A run: its start, its end, and its outcome.

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::event::{Event, Mark};
use super::line::{Text, Whose};
use super::objects::{Objects, between};

type Time = DateTime<FixedOffset>;

/// An attempt of a step, as far as the log shows it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) whose: Whose,
    pub(super) day: NaiveDate,
    pub(super) started: Time,
    /// Its last line.
    pub(super) last: Time,
    pub(super) objects: Objects,
    marks: [Option<Time>; Mark::COUNT],
    newest: Option<Mark>,
    pub(super) end: Option<RunEnd>,
    /// Whether the log contains its first line.
    has_start: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunEnd {
    Finished,
    Failed(String),
    Interrupted,
    /// The log does not show its end.
    Unknown,
}

impl Run {
    pub(super) fn new(whose: Whose, day: NaiveDate, started: Time, has_start: bool) -> Self {
        Self {
            whose,
            day,
            started,
            last: started,
            objects: Objects::default(),
            marks: [None; Mark::COUNT],
            newest: None,
            end: None,
            has_start,
        }
    }

    /// Whether `event` can only belong to another run.
    pub(super) fn is_over_before(&self, event: &Event<'_>) -> bool {
        match event {
            Event::Starting { .. } => true,
            Event::Mark(mark) if mark.is_start() => match self.newest {
                Some(newest) => newest >= *mark,
                // Objects before a restore belong to a pg_restore without surrounding messages.
                None => *mark <= Mark::RestoreStart && !self.objects.is_empty(),
            },
            // If a step has no messages of its own, pg_restore's first message is its start.
            Event::Connecting => !self.is_import() && !self.objects.is_empty(),
            Event::Launching { item, .. } => self.objects.has_seen(*item),
            _ => false,
        }
    }

    /// Adds the information of a line.
    pub(super) fn take(&mut self, event: &Event<'_>, text: &Text<'_>, time: Time) {
        match event {
            Event::Mark(mark) => {
                self.marks[*mark as usize] = Some(time);
                self.newest = self.newest.max(Some(*mark));
            }
            Event::Launching { item, title } => self.objects.launching(*item, title, time),
            Event::Finished { item, title } => {
                let (kind, seconds) = (text.field("kind"), text.number("seconds"));
                self.objects.finished(*item, title, kind, seconds, time);
            }
            Event::Completed { .. } => self.end = Some(RunEnd::Finished),
            Event::Failed { reason, .. } => self.end = Some(RunEnd::Failed((*reason).to_owned())),
            Event::Interrupted { .. } => self.end = Some(RunEnd::Interrupted),
            Event::FoundInterrupted { .. } => {
                self.end = Some(RunEnd::Interrupted);
                // By the next worker, possibly hours later.
                return;
            }
            Event::Starting { .. } | Event::Connecting => {}
        }
        self.last = self.last.max(time);
    }

    /// No more lines of it follow: without an end of its own, it has none, or that of its last part.
    pub(super) fn close(&mut self, log_end: Time) {
        if self.end.is_none() {
            let is_whole = if self.is_import() {
                self.marks[Mark::EnrichmentEnd as usize].is_some() || self.is_restore_alone()
            } else {
                self.objects.running().next().is_none()
            };
            self.end = Some(if is_whole { RunEnd::Finished } else { RunEnd::Unknown });
            if !is_whole {
                self.last = self.last.max(log_end);
            }
        }
        self.objects.close();
    }

    /// `run backup-restore` and `run restore` have no enrichment.
    fn is_restore_alone(&self) -> bool {
        let names = matches!(&self.whose, Whose::Run { step, .. } if step == "restore" || step == "backup-restore");
        names && self.marks[Mark::RestoreEnd as usize].is_some()
    }

    /// Whether it has any part with a measured duration.
    pub(super) fn is_import(&self) -> bool {
        self.newest.is_some()
    }

    /// Whether there is anything to report.
    pub(super) fn is_of_interest(&self) -> bool {
        self.is_import() || !self.objects.is_empty()
    }

    /// Whether its first lines are missing from the log.
    pub(super) fn lacks_start(&self) -> bool {
        !self.has_start || self.objects.without_start > 0
    }

    pub(super) fn end(&self) -> &RunEnd {
        self.end.as_ref().unwrap_or(&RunEnd::Unknown)
    }

    /// Duration of a part, finished or not; `None` if the log does not contain its start.
    pub(super) fn part(&self, start: Mark, end: Mark) -> Option<Part> {
        let started = self.marks[start as usize]?;
        Some(match self.marks[end as usize] {
            Some(ended) => Part { seconds: between(started, ended), has_ended: true },
            None => Part { seconds: between(started, self.last), has_ended: false },
        })
    }

    /// The whole run.
    pub(super) fn total(&self) -> Part {
        let has_ended = *self.end() == RunEnd::Finished;
        Part { seconds: between(self.started, self.last), has_ended }
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) seconds: f64,
    pub(super) has_ended: bool,
}
