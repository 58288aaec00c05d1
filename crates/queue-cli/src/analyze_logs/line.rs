//! A line of a log: its time, its run, and its content.

use serde_json::{Map, Value};

use super::prefix::{self, Stamp};

/// Identifies the lines that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// A step of a run, named by this program's own lines.
    Run { id: String, step: String },
    /// Lines of a container that name no run.
    Source(String),
}

/// A line with a known time.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) stamp: Stamp,
    pub(super) whose: Whose,
    pub(super) text: Text<'a>,
}

/// The content of a line.
#[derive(Debug)]
pub(super) enum Text<'a> {
    /// Plain text of a program.
    Plain(&'a str),
    /// A record in bunyan's format.
    Record(Map<String, Value>),
}

impl Text<'_> {
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Record(_) => self.field("msg").unwrap_or_default(),
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Record(fields) => fields.get(name)?.as_str(),
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self {
            Self::Plain(_) => None,
            Self::Record(fields) => fields.get(name)?.as_f64(),
        }
    }
}

/// A parsed line of the file.
#[derive(Debug)]
pub(super) enum Read<'a> {
    Line(Line<'a>),
    /// A record that is truncated or mixed up with another.
    Broken,
    /// Text with an unknown time.
    Untimed(&'a str),
}

pub(super) fn read(line: &str) -> Read<'_> {
    let prefixed = prefix::split(line);
    let Some((record, is_all)) = record(prefixed.rest) else {
        return Read::Broken;
    };
    let source = if is_all { prefixed.source } else { "" };
    let Some(record) = record else {
        let Some(stamp) = prefixed.stamp else { return Read::Untimed(prefixed.rest) };
        let whose = Whose::Source(source.into());
        return Read::Line(Line { stamp, whose, text: Text::Plain(prefixed.rest) });
    };
    let text = Text::Record(record);
    let own = text.field("time").and_then(|time| Some(prefix::stamp(time)?.0));
    let stamp = match (prefixed.stamp, own) {
        // The program's own time is the time of the event; the platform's day is the one that operators
        // see.
        (Some(outer), Some(own)) => {
            Stamp { day: outer.day, time: own.time.with_timezone(outer.time.offset()) }
        }
        (Some(stamp), None) | (None, Some(stamp)) => stamp,
        (None, None) => return Read::Broken,
    };
    let whose = match text.field("run_id") {
        Some(id) => {
            Whose::Run { id: id.into(), step: text.field("step").unwrap_or_default().into() }
        }
        None => Whose::Source(source.into()),
    };
    Read::Line(Line { stamp, whose, text })
}

/// The record in `text`, if there is one, and whether it is complete: log collectors put various prefixes
/// in front. `None` if a record cannot be parsed.
fn record(text: &str) -> Option<(Option<Map<String, Value>>, bool)> {
    let Some(start) = text.find("{\"") else { return Some((None, true)) };
    match serde_json::from_str(&text[start..]) {
        Ok(record) => Some((Some(record), start == 0)),
        Err(_) if start == 0 => None,
        Err(_) => Some((None, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match read(line) {
            Read::Line(Line { stamp, whose, text }) => {
                let time = stamp.time.to_rfc3339();
                format!("{} {time} {whose:?} {}", stamp.day, text.message())
            }
            Read::Broken => "broken".into(),
            Read::Untimed(text) => format!("untimed {text}"),
        }
    }

    #[test]
    fn lines_tell_when_and_whose() {
        let record = r#"{"run_id":"17-2","step":"incremental","time":"2026-11-20T23:30:00.500Z","msg":"hello"}"#;
        let whose = r#"Run { id: "17-2", step: "incremental" }"#;
        for (line, wanted) in [
            (record.to_owned(), format!("2026-11-20 2026-11-20T23:30:00.500+00:00 {whose} hello")),
            (
                format!("2026-11-21 00:30:01.7 +0100 CET [worker-1] {record}"),
                format!("2026-11-21 2026-11-21T00:30:00.500+01:00 {whose} hello"),
            ),
            (
                format!("<190>1 2026-11-20T23:30:01Z host app - - {record}"),
                format!("2026-11-20 2026-11-20T23:30:00.500+00:00 {whose} hello"),
            ),
            (
                "2026-11-21 00:30:01 +0100 [background-1] {\"msg\":\"Start restore\"}".into(),
                "2026-11-21 2026-11-21T00:30:01+01:00 Source(\"[background-1]\") Start restore".into(),
            ),
            (
                "2026-11-21 00:30:01 +0100 [background-1] Error: {\"code\": 1} left".into(),
                "2026-11-21 2026-11-21T00:30:01+01:00 Source(\"[background-1]\") Error: {\"code\": 1} left"
                    .into(),
            ),
            ("pg_restore: launching item 1 INDEX x".into(), "untimed pg_restore: launching item 1 INDEX x".into()),
            ("{\"msg\":\"no time\"}".into(), "broken".into()),
            ("2026-11-21 00:30:01 +0100 {\"msg\":\"cut".into(), "broken".into()),
            (String::new(), "untimed ".into()),
        ] {
            assert_eq!(shown(&line), wanted, "{line}");
        }
    }
}
