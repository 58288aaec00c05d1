//! bunyan's log format: one JSON object per line.
//!
//! Source: bunyan's core fields (`v`, `level`, `name`, `hostname`, `pid`, `time`, `msg`) and levels, as
//! written by the Node.js program. Datadog treats unknown levels as info, which is why there is a text
//! `status` in addition to `level`.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{JsonVisitor, fields_around};

/// Core fields; a structured field with the same name would make a line unreadable for `bunyan`.
const CORE: [&str; 8] = ["name", "hostname", "pid", "level", "msg", "time", "v", "status"];

/// A layer that writes every event as a bunyan record.
pub struct Bunyan<W> {
    name: String,
    hostname: String,
    pid: u32,
    writer: W,
}

impl<W: for<'a> MakeWriter<'a>> Bunyan<W> {
    /// Records of the logger `name`, written to `writer`.
    pub fn new(name: &str, writer: W) -> Self {
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map_or_else(|_| "localhost".into(), |text| text.trim().to_owned());
        Self { name: name.into(), hostname, pid: std::process::id(), writer }
    }
}

fn level_of(level: Level) -> (u8, &'static str) {
    match level {
        Level::TRACE => (10, "trace"),
        Level::DEBUG => (20, "debug"),
        Level::INFO => (30, "info"),
        Level::WARN => (40, "warn"),
        Level::ERROR => (50, "error"),
    }
}

impl<S, W> Layer<S> for Bunyan<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = fields_around(event, &context);
        event.record(&mut JsonVisitor(&mut fields));
        let message = fields.remove("message").unwrap_or_else(|| "".into());
        let (level, status) = level_of(*event.metadata().level());

        let mut record = Map::new();
        record.insert("name".into(), self.name.as_str().into());
        record.insert("hostname".into(), self.hostname.as_str().into());
        record.insert("pid".into(), self.pid.into());
        record.insert("level".into(), level.into());
        for (name, value) in fields {
            let name = if CORE.contains(&name.as_str()) { format!("{name}_") } else { name };
            record.insert(name, value);
        }
        record.insert("msg".into(), message);
        record
            .insert("time".into(), Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true).into());
        record.insert("status".into(), status.into());
        record.insert("v".into(), 0.into());

        let mut line = Value::Object(record).to_string();
        line.push('\n');
        // If the log cannot be written, there is nowhere to report it; the job is more important.
        let _ = self.writer.make_writer().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::fields::KeepFields;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_has_bunyans_core_fields_and_those_of_the_spans_around_it() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::registry()
            .with(KeepFields)
            .with(Bunyan::new("pix", move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _job =
                tracing::info_span!("job", job_id = "12", queue = "Replication queue").entered();
            tracing::error!(table_name = "answers", level = 3, rows = 7, "it \"broke\"\nbadly");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "one record a line: {text}");
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["name"], "pix");
        assert_eq!(record["level"], 50);
        assert_eq!(record["status"], "error");
        assert_eq!(record["v"], 0);
        assert_eq!(record["msg"], "it \"broke\"\nbadly");
        assert_eq!(record["pid"], std::process::id());
        assert_eq!(record["job_id"], "12");
        assert_eq!(record["queue"], "Replication queue");
        assert_eq!(record["table_name"], "answers");
        assert_eq!(record["level_"], 3);
        assert_eq!(record["rows"], 7);
        assert!(record["time"].as_str().unwrap().ends_with('Z'));
        assert!(!record["hostname"].as_str().unwrap().is_empty());
    }
}
