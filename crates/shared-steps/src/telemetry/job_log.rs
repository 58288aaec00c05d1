//! Job log: passes log lines of a running job to the job's own log in Redis.
//!
//! A layer finds the job's span around an event, and passes the line to the collector of that job. The
//! engine that logs is not involved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::JOB_SPAN;
use super::fields::{JsonVisitor, SpanFields};

/// Maximum number of lines waiting for Redis; during an outage, the newest ones are dropped and counted.
const CAPACITY: usize = 2_000;

/// The end of an object that took at least this many seconds is logged.
const LONG: f64 = 10.0;

type Key = (String, String);
type Senders = Arc<Mutex<HashMap<Key, Collector>>>;

#[derive(Debug)]
struct Collector {
    lines: mpsc::Sender<String>,
    dropped: u64,
}

/// Collects the lines of running jobs.
#[derive(Debug, Clone, Default)]
pub struct JobLogs {
    senders: Senders,
}

/// The lines of one job, until it is dropped.
#[derive(Debug)]
pub struct LogLines {
    key: Key,
    senders: Senders,
    lines: mpsc::Receiver<String>,
}

impl JobLogs {
    /// A collector without jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Collects what is logged, at info and above, inside the span of the job `id` of `queue`.
    #[must_use]
    pub fn collect(&self, queue: &str, id: &str) -> LogLines {
        let (sender, lines) = mpsc::channel(CAPACITY);
        let key = (queue.to_owned(), id.to_owned());
        lock(&self.senders).insert(key.clone(), Collector { lines: sender, dropped: 0 });
        LogLines { key, senders: Arc::clone(&self.senders), lines }
    }

    pub(super) fn layer(&self) -> JobLogLayer {
        JobLogLayer { senders: Arc::clone(&self.senders) }
    }
}

impl LogLines {
    /// The next line; `None` after [`LogLines::close`], when all have been taken.
    pub async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// Accepts no more lines; those collected can still be read.
    pub fn close(&mut self) {
        if let Some(Collector { dropped, lines }) = lock(&self.senders).remove(&self.key)
            && dropped > 0
        {
            let _ = lines.try_send(format!("{dropped} lines left out: Redis did not take them"));
        }
    }
}

impl Drop for LogLines {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(senders: &Senders) -> std::sync::MutexGuard<'_, HashMap<Key, Collector>> {
    senders.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The layer behind [`JobLogs`].
pub(super) struct JobLogLayer {
    senders: Senders,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JobLogLayer {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > Level::INFO {
            return;
        }
        let Some(key) = context.event_scope(event).into_iter().flatten().find_map(|span| {
            (span.name() == JOB_SPAN).then(|| {
                let extensions = span.extensions();
                let fields = &extensions.get::<SpanFields>()?.0;
                let text = |name: &str| fields.get(name)?.as_str().map(str::to_owned);
                Some((text("queue")?, text("job_id")?))
            })?
        }) else {
            return;
        };
        let Some(line) = line(event) else { return };
        let mut senders = lock(&self.senders);
        if let Some(collector) = senders.get_mut(&key)
            && collector.lines.try_send(line).is_err()
        {
            collector.dropped += 1;
        }
    }
}

/// Of the objects of a step, only the ends of long ones, because Redis keeps jobs together with their logs.
fn line(event: &Event<'_>) -> Option<String> {
    let mut fields = Map::new();
    event.record(&mut JsonVisitor(&mut fields));
    let is_long = fields.get("seconds").and_then(Value::as_f64) >= Some(LONG);
    if fields.contains_key("item") && !is_long {
        return None;
    }
    let message = fields.remove("message");
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let level = event.metadata().level();
    let message = message.as_ref().and_then(Value::as_str).unwrap_or_default();
    Some(format!("{time} {level} {message}"))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::fields::KeepFields;

    #[tokio::test]
    async fn a_job_gets_its_own_lines_and_no_others() {
        let logs = JobLogs::new();
        let mut lines = logs.collect("Replication queue", "7");
        let subscriber = tracing_subscriber::registry().with(KeepFields).with(logs.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside");
            let job = tracing::info_span!("job", job_id = "7", queue = "Replication queue");
            job.in_scope(|| {
                tracing::info_span!("inner").in_scope(|| tracing::warn!("mine"));
                tracing::debug!("too detailed");
                tracing::info!(item = 1, "launching item 1 INDEX public.a");
                tracing::info!(item = 1, seconds = 9.9, "finished item 1 INDEX public.a");
                tracing::info!(item = 2, seconds = 10.0, "finished item 2 INDEX public.b");
            });
            tracing::info_span!("job", job_id = "8", queue = "Replication queue")
                .in_scope(|| tracing::info!("another job's"));
        });
        lines.close();
        let line = lines.next().await.unwrap();
        assert!(line.ends_with("WARN mine"), "{line}");
        let line = lines.next().await.unwrap();
        assert!(line.ends_with("INFO finished item 2 INDEX public.b"), "{line}");
        assert_eq!(lines.next().await, None);
    }

    #[tokio::test]
    async fn lines_left_out_are_counted() {
        let logs = JobLogs::new();
        let mut lines = logs.collect("q", "1");
        let subscriber = tracing_subscriber::registry().with(KeepFields).with(logs.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info_span!("job", job_id = "1", queue = "q").in_scope(|| {
                for n in 0..CAPACITY + 3 {
                    tracing::info!("line {n}");
                }
            });
        });
        lines.next().await.unwrap();
        lines.close();
        let mut last = String::new();
        while let Some(line) = lines.next().await {
            last = line;
        }
        assert!(last.starts_with("3 lines left out"), "{last}");
    }
}
