//! The log for people at a terminal: time, level, origin, message, and other fields.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::Local;
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{JsonVisitor, fields_around};
use pipeline::human::visible;

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A layer that writes every event as one line (or more, if the message has several).
pub(super) struct Terminal<W> {
    writer: W,
    colour: bool,
}

impl<W: for<'a> MakeWriter<'a>> Terminal<W> {
    /// Lines written to `writer`.
    pub(super) fn new(writer: W, colour: bool) -> Self {
        Self { writer, colour }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{code}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    fn line(&self, time: &str, level: Level, mut fields: Map<String, Value>) -> String {
        // It repeats the message with more details; `queue-cli get` shows it.
        fields.remove("stack");
        if fields.remove("item").is_some() {
            // The same is true of these fields of an object's start and end; zero is left out.
            fields
                .retain(|name, value| !["kind", "object"].contains(&name.as_str()) && *value != 0);
        }
        let message = fields.remove("message").map(|value| plain(&value)).unwrap_or_default();
        // The step already identifies the queue.
        let queue = fields.remove("queue");
        let whose: Vec<_> = [fields.remove("step").or(queue), fields.remove("job_id")]
            .into_iter()
            .flatten()
            .map(|value| plain(&value))
            .collect();
        let run = fields.remove("run_id").map(|value| format!(" {}", plain(&value)));
        let mut whose = whose.join(" ");
        whose.push_str(&run.unwrap_or_default());
        if !whose.is_empty() {
            whose.push(' ');
        }
        let mut rest = String::new();
        for (name, value) in &fields {
            let _ = write!(rest, " {name}={}", plain(value));
        }
        format!(
            "{} {} {}{message}{}\n",
            self.paint(DIM, time),
            self.paint(colour_of(level), &format!("{level:5}")),
            self.paint(DIM, &whose),
            self.paint(DIM, &rest)
        )
    }
}

fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG | Level::TRACE => "\x1b[34m",
    }
}

fn plain(value: &Value) -> String {
    visible(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)).into_owned()
}

impl<S, W> Layer<S> for Terminal<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = fields_around(event, &context);
        event.record(&mut JsonVisitor(&mut fields));
        let time = Local::now().format("%H:%M:%S%.3f").to_string();
        let line = self.line(&time, *event.metadata().level(), fields);
        // If the log cannot be written, there is nowhere to report it; the job is more important.
        let _ = self.writer.make_writer().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(colour: bool, fields: Value) -> String {
        let Value::Object(fields) = fields else { panic!("an object") };
        Terminal::new(std::io::sink, colour).line("05:10:00.000", Level::INFO, fields)
    }

    #[test]
    fn a_line_says_whose_it_is_before_what_it_says() {
        let fields = json!({
            "queue": "Replication queue", "job_id": "2", "run_id": "17-2", "step": "full-replication",
            "message": "End create Backup", "tables": 16,
        });
        assert_eq!(
            line(false, fields),
            "05:10:00.000 INFO  full-replication 2 17-2 End create Backup tables=16\n"
        );
        assert_eq!(line(false, json!({ "message": "up" })), "05:10:00.000 INFO  up\n");
    }

    #[test]
    fn an_object_is_named_once() {
        let fields = json!({
            "message": "finished item 3 INDEX public.a", "item": 3, "kind": "INDEX",
            "object": "public.a", "rows": 0, "bytes": 0, "seconds": 1.5,
        });
        assert_eq!(
            line(false, fields),
            "05:10:00.000 INFO  finished item 3 INDEX public.a seconds=1.5\n"
        );
    }

    #[test]
    fn colour_is_only_added() {
        let coloured = line(true, json!({ "message": "up" }));
        assert!(coloured.contains("\x1b[32mINFO \x1b[0m"), "{coloured:?}");
    }
}
