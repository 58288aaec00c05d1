//! What the terminal gets: tables for people, JSON for machines.

use std::io::Write;

use chrono::{DateTime, Local, Utc};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of tables.
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a line to stdout. A reader that has gone (`| head`) is no failure.
    #[expect(clippy::unused_self, reason = "the one way to stdout")]
    pub(crate) fn line(self, text: impl std::fmt::Display) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Writes `value` as JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }
}

/// An empty table in the one style of this program.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// Milliseconds since the epoch as a local date and time.
pub(crate) fn time(milliseconds: Option<u64>) -> String {
    milliseconds
        .and_then(|milliseconds| i64::try_from(milliseconds).ok())
        .and_then(DateTime::<Utc>::from_timestamp_millis)
        .map(|time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
