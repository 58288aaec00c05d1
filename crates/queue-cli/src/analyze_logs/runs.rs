//! Assignment of lines to runs.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDate};
use pipeline::Step;

use super::event::Event;
use super::line::{self, Line, Read, Whose};
use super::run::Run;
use super::timeline::{Timeline, Timelines};

type Time = DateTime<FixedOffset>;

/// All runs of a log; details are kept only for one day.
#[derive(Debug)]
pub(super) struct Runs {
    day: Option<NaiveDate>,
    /// Runs that have not ended.
    open: HashMap<Whose, Run>,
    /// Ended runs of the day.
    ended: Vec<Run>,
    /// Days with lines in the log, and the number of runs that began on each.
    pub(super) days: BTreeMap<NaiveDate, u64>,
    /// The time of the newest line.
    last: Option<Time>,
    /// When the newest run of each step began.
    newest: HashMap<String, Time>,
    /// The same lines, by parts of whole runs.
    timelines: Timelines,
    pub(super) counts: Counts,
}

/// Statistics of the lines read.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) lines: u64,
    pub(super) broken: u64,
    /// The number of the first broken line, from 1.
    pub(super) first_broken: Option<u64>,
    /// Lines of objects without a time.
    pub(super) untimed: u64,
}

impl Runs {
    /// Keeps the runs of `day`.
    pub(super) fn of(day: Option<NaiveDate>) -> Self {
        Self {
            day,
            open: HashMap::new(),
            ended: Vec::new(),
            days: BTreeMap::new(),
            last: None,
            newest: HashMap::new(),
            timelines: Timelines::default(),
            counts: Counts::default(),
        }
    }

    /// Adds the next line of the log.
    pub(super) fn read(&mut self, line: &str) {
        self.counts.lines += 1;
        match line::read(line) {
            Read::Line(line) => self.sort(&line),
            Read::Broken => self.broken(),
            Read::Untimed(text) => {
                if text.lines().any(|text| Event::of(text.trim_end()).is_some()) {
                    self.counts.untimed += 1;
                }
            }
        }
    }

    /// The next line was too long.
    pub(super) fn skip(&mut self) {
        self.counts.lines += 1;
        self.broken();
    }

    fn broken(&mut self) {
        self.counts.broken += 1;
        self.counts.first_broken.get_or_insert(self.counts.lines);
    }

    fn sort(&mut self, line: &Line<'_>) {
        self.days.entry(line.stamp.day).or_default();
        self.last = self.last.max(Some(line.stamp.time));
        // A program may pass on several lines of pg_restore in one record.
        for message in line.text.message().lines() {
            let message = message.trim_end();
            self.timelines.take(message, line);
            if let Some(event) = Event::of(message) {
                self.take(&event, line);
            }
        }
    }

    fn take(&mut self, event: &Event<'_>, line: &Line<'_>) {
        let Line { stamp, whose, text } = line;
        if matches!(whose, Whose::Source(_))
            && event.queue().is_some_and(|queue| queue != Step::FULL_REPLICATION.queue)
        {
            return;
        }
        if self.open.get(whose).is_some_and(|run| run.is_over_before(event))
            && let Some(run) = self.open.remove(whose)
        {
            let end = run.last;
            self.close(run, end);
        }
        if event.is_of_a_run() && !self.open.contains_key(whose) {
            self.newest.insert(step(whose).to_owned(), stamp.time);
            let run = Run::new(whose.clone(), stamp.day, stamp.time, event.is_start());
            self.open.insert(whose.clone(), run);
        }
        let Some(run) = self.open.get_mut(whose) else { return };
        run.take(event, text, stamp.time);
        if run.end.is_some()
            && let Some(run) = self.open.remove(whose)
        {
            let end = run.last;
            self.close(run, end);
        }
    }

    fn close(&mut self, mut run: Run, log_end: Time) {
        run.close(log_end);
        if !run.is_of_interest() {
            return;
        }
        *self.days.entry(run.day).or_default() += 1;
        if Some(run.day) == self.day {
            self.ended.push(run);
        }
    }

    /// Ends the log; returns the runs of the day in the order in which they began, and the statistics.
    pub(super) fn end(mut self) -> Log {
        let open = std::mem::take(&mut self.open);
        for (_, run) in open {
            // Unless another run of its step has begun, it may still be running at the end of the log.
            let may_run =
                self.newest.get(step(&run.whose)).is_none_or(|newest| *newest <= run.last);
            let end = if may_run { self.last.unwrap_or(run.last) } else { run.last };
            self.close(run, end);
        }
        self.ended.sort_by_key(|run| run.started);
        let timelines = self.timelines.end(self.day);
        Log { runs: self.ended, timelines, days: self.days, counts: self.counts }
    }
}

/// The step; empty if lines name none.
fn step(whose: &Whose) -> &str {
    match whose {
        Whose::Run { step, .. } => step,
        Whose::Source(_) => "",
    }
}

/// The result.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) runs: Vec<Run>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) days: BTreeMap<NaiveDate, u64>,
    pub(super) counts: Counts,
}
