//! Output: tables for people, JSON for machines.

use std::io::Write;

use anyhow::Context as _;
use chrono::{DateTime, Local, SecondsFormat, Utc};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use pipeline::human::visible;
use serde::Serialize;
use serde_json::{Value, json};

/// Output format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of tables.
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a line to stdout. A closed reader (`| head`) is not a failure.
    #[expect(clippy::unused_self, reason = "the one way to stdout")]
    pub(crate) fn line(self, text: impl std::fmt::Display) {
        let text = text.to_string();
        let _ = writeln!(std::io::stdout().lock(), "{}", visible(&text));
    }

    /// Writes `value` as JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Writes `value` as JSON on one line, for streams, and returns whether anybody reads it.
    pub(crate) fn stream(self, text: &str) -> bool {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", visible(text)).and_then(|()| stdout.flush()).is_ok()
    }

    /// Reports what was done to which jobs: `done` is "retried", "removed", ….
    pub(crate) fn done(self, done: &str, jobs: &[(&str, String)]) -> anyhow::Result<()> {
        if self.json {
            let rows: Vec<_> =
                jobs.iter().map(|(queue, id)| json!({ "queue": queue, "id": id })).collect();
            return self.json(&json!({ done: rows }));
        }
        for (queue, id) in jobs {
            self.line(format!("{done} job {id} of {queue}"));
        }
        self.line(format!("count: {}", jobs.len()));
        Ok(())
    }

    /// Reports what was done to which queues: `done` is "paused", "drained", ….
    pub(crate) fn done_to_queues(self, done: &str, queues: &[&str]) -> anyhow::Result<()> {
        if self.json {
            return self.json(&json!({ done: queues }));
        }
        for queue in queues {
            self.line(format!("{done} {queue}"));
        }
        Ok(())
    }
}

/// An empty table in this program's style.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = bare_table();
    table.set_header(header);
    table
}

/// The same without a header.
pub(crate) fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that does not report its width (in a container or a script) says 0, which would give one
    // letter per line.
    if console::Term::stdout().size_checked().is_none_or(|(_, columns)| columns == 0) {
        table.force_no_tty();
    }
    table
}

/// Milliseconds since the epoch as a local date and time.
pub(crate) fn time(milliseconds: Option<u64>) -> String {
    utc(milliseconds)
        .map(|time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// Milliseconds since the epoch as JavaScript writes a date in JSON.
pub(crate) fn iso(milliseconds: Option<u64>) -> Value {
    utc(milliseconds)
        .map_or(Value::Null, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true).into())
}

/// The time of day, for lines of a stream.
pub(crate) fn now() -> String {
    Local::now().format("%H:%M:%S").to_string()
}

fn utc(milliseconds: Option<u64>) -> Option<DateTime<Utc>> {
    let milliseconds = i64::try_from(milliseconds?).ok()?;
    DateTime::from_timestamp_millis(milliseconds)
}

/// A JSON value for people: strings without quotes, empty for null.
pub(crate) fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// A text truncated after `length` characters.
pub(crate) fn shorten(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Parses an argument that must be JSON; `what` is its name.
pub(crate) fn parse_json(what: &str, text: &str) -> anyhow::Result<Value> {
    serde_json::from_str(text).with_context(|| {
        crate::failure::Failure::Usage(format!(
            "{what} is no JSON: found {text}, wanted as '{{\"x\": 1}}', with quotes around it"
        ))
    })
}
