//! Durations of a run, computed from its log.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::programs::Programs;
use crate::screen::Screen;

/// Analyses the log of the run that has finished.
pub(crate) fn run(programs: &Programs, log: &Path, screen: &mut Screen) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(log).with_context(|| format!("{}", log.display()))?;
    let mut records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let day = records.find_map(|record| Some(record["time"].as_str()?.get(..10)?.to_owned()));
    let day = day.context("a line of the log with a time")?;
    screen.line("\nDurations, computed from the log alone, in the format (and the language) of the Node.js program:");
    screen.command(&format!("queue-cli analyze-logs worker.log {day}"));
    let log = log.display().to_string();
    let report = programs.run("queue-cli", &["analyze-logs", &log, &day])?;
    screen.quote(&report);
    Ok(())
}
