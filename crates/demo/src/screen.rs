//! Output of the demo: plain text, coloured on a terminal unless `NO_COLOR` is set.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use comfy_table::{Cell, CellAlignment, Table, presets};

const BOLD: &str = "1";
const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const DIM: &str = "2";

/// The shortest time between two status lines when stdout is not a terminal.
const STATUS_INTERVAL: Duration = Duration::from_secs(3);

/// Standard output.
#[derive(Debug)]
pub(crate) struct Screen {
    start: Instant,
    is_terminal: bool,
    in_colour: bool,
    /// The terminal shows a status line, which must be erased before the next line.
    has_status: bool,
    last_status: Option<Instant>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let is_terminal = stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            start: Instant::now(),
            is_terminal,
            in_colour: is_terminal && !no_color,
            has_status: false,
            last_status: None,
        }
    }

    /// The title of a part.
    pub(crate) fn heading(&mut self, text: &str) {
        self.print("");
        self.print(&self.colour(BOLD, text));
        self.print(&"─".repeat(text.chars().count()));
    }

    /// A plain line.
    pub(crate) fn line(&mut self, text: &str) {
        self.print(text);
    }

    /// A command that is about to run, as an operator would type it.
    pub(crate) fn command(&mut self, text: &str) {
        self.print("");
        self.print(&self.colour(BOLD, &format!("$ {text}")));
    }

    /// A finished action, with the seconds since the start.
    pub(crate) fn done(&mut self, text: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        self.print(&format!("{} {text}", self.colour(DIM, &format!("[{seconds:6.1} s]"))));
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// A result that is as expected.
    pub(crate) fn good(&mut self, text: &str) {
        self.print(&self.colour(GREEN, text));
    }

    /// A result that is not as expected.
    pub(crate) fn bad(&mut self, text: &str) {
        self.print(&self.colour(RED, text));
    }

    /// The output of a command, indented.
    pub(crate) fn quote(&mut self, text: &str) {
        for line in text.trim_end().lines() {
            self.print(&format!("    {line}"));
        }
    }

    /// A line of the worker's log.
    pub(crate) fn log(&mut self, time: &str, level: LogLevel, message: &str) {
        let (label, colour) = match level {
            LogLevel::Info => ("", None),
            LogLevel::Warning => ("WARNING ", Some(YELLOW)),
            LogLevel::Error => ("ERROR ", Some(RED)),
        };
        let text = format!("{label}{message}");
        let text = colour.map_or_else(|| text.clone(), |colour| self.colour(colour, &text));
        self.print(&format!("    {} {text}", self.colour(DIM, time)));
    }

    /// Progress: updated in place on a terminal, otherwise one line every few seconds.
    pub(crate) fn status(&mut self, text: &str) {
        if self.is_terminal {
            self.write(&format!("\r\x1b[2K    {text}"));
            self.has_status = true;
        } else if self.last_status.is_none_or(|last| last.elapsed() >= STATUS_INTERVAL) {
            self.last_status = Some(Instant::now());
            self.print(&format!("    ... {text}"));
        }
    }

    /// A table; cells that begin with a digit are aligned to the right.
    pub(crate) fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.iter().copied());
        for row in rows {
            table.add_row(row.into_iter().map(|text| {
                let is_number = text.starts_with(|c: char| c.is_ascii_digit());
                let cell = Cell::new(text);
                if is_number { cell.set_alignment(CellAlignment::Right) } else { cell }
            }));
        }
        self.print(&table.to_string());
    }

    fn colour(&self, code: &str, text: &str) -> String {
        if self.in_colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn print(&mut self, text: &str) {
        let wipe = if self.has_status { "\r\x1b[2K" } else { "" };
        self.has_status = false;
        self.write(&format!("{wipe}{text}\n"));
    }

    /// Ignores a closed pipe, so that the servers are still stopped in order.
    fn write(&self, text: &str) {
        let mut out = stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }
}

/// The level of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLevel {
    Info,
    Warning,
    Error,
}
