//! `analyze-logs`: durations computed from a log, without Redis or a database.

mod event;
mod input;
mod json;
mod line;
mod objects;
mod prefix;
mod run;
mod runs;
mod text;
mod timeline;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use pipeline::config;

use crate::failure::Failure;
use crate::output::Output;
use runs::{Log, Runs};

/// Days that an error names; a log that has more is no log of runs.
const MOST_DAYS: usize = 31;

/// The log, and the day to report.
#[derive(Args, Debug)]
pub(crate) struct AnalyzeLogs {
    /// The log as written by the platform, optionally compressed with gzip; - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The day on which the runs began, such as 2026-11-21
    #[arg(value_name = "DATE")]
    date: String,
    /// Format of the report: old is that of the Node.js program until 2.35, with the slowest objects; new
    /// is that of its current version, each part with its times. There is only one JSON format
    #[arg(long, value_enum, default_value_t = Format::Old)]
    format: Format,
}

/// The two report formats for people.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Old,
    New,
}

pub(crate) fn run(arguments: &AnalyzeLogs, output: Output) -> anyhow::Result<()> {
    let AnalyzeLogs { file, date, format } = arguments;
    let day = day(date);
    let log = read(file, day)?;
    let name = name(file);
    if day.is_none() {
        let found =
            format!("{date:?} is no date: must be a date such as 2026-11-21. {name} {}", has(&log));
        return Err(Failure::Usage(found).into());
    }
    let is_new = *format == Format::New && !output.json;
    let is_empty = if is_new { log.timelines.is_empty() } else { log.runs.is_empty() };
    if is_empty {
        bail!("no run began on {date} in {name}. It {}", has(&log));
    }
    say_what_was_left_out(&log);
    if output.json {
        return output.json(&json::report(date, &log));
    }
    let report = match format {
        Format::Old => text::report(&log.runs),
        Format::New => timeline::report(&log.timelines),
    };
    output.line(report.trim_end());
    Ok(())
}

/// Exactly `YYYY-MM-DD`.
fn day(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

fn read(file: &Path, day: Option<NaiveDate>) -> anyhow::Result<Log> {
    let mut runs = Runs::of(day);
    input::open(file)
        .and_then(|stream| {
            input::each_line(stream, |line| match line {
                Some(line) => runs.read(line),
                None => runs.skip(),
            })
        })
        .with_context(|| format!("{} could not be read", name(file)))?;
    Ok(runs.end())
}

fn name(file: &Path) -> String {
    if file == Path::new("-") { "stdin".into() } else { file.display().to_string() }
}

/// The days of a log, for a sentence.
fn has(log: &Log) -> String {
    if log.days.is_empty() {
        return "has no line with a time: neither a platform's in front nor bunyan JSON".into();
    }
    let mut text = "has ".to_owned();
    for (place, (day, runs)) in log.days.iter().rev().take(MOST_DAYS).enumerate() {
        let separator = if place > 0 { ", " } else { "" };
        let plural = if *runs == 1 { "" } else { "s" };
        let _ = write!(text, "{separator}{day} ({runs} run{plural})");
    }
    if let Some(more @ 1..) = log.days.len().checked_sub(MOST_DAYS) {
        let _ = write!(text, " and {more} days before");
    }
    text
}

fn say_what_was_left_out(log: &Log) {
    let counts = &log.counts;
    if let Some(first) = counts.first_broken {
        let broken = counts.broken;
        config::print_error(&format!(
            "{broken} of {} lines could not be read, the first is line {first}: left out",
            counts.lines
        ));
    }
    if counts.untimed > 0 {
        config::print_error(&format!(
            "{} lines of runs or objects tell no time: left out",
            counts.untimed
        ));
    }
}
