//! `events`: shows events as they happen.

use bull_queue::{Queue, QueueEvent};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, select_all};
use serde_json::{Value, json};

use crate::context::{Context, names};
use crate::output::{iso, now, plain, shorten, time};
use crate::progress;

/// Longer text is truncated; `get` shows all of it.
const TEXT_LENGTH: usize = 200;

pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let mut events = listen(&context.queues).await?;
    pipeline::config::print_error(&format!("listening to {}; Ctrl-C ends", names(&context.queues)));
    while let Some((queue, event)) = events.next().await {
        if !context.output.stream(&line(context.output.json, &queue, &event)) {
            break;
        }
    }
    Ok(())
}

/// The events of `queues` from now on, with the queue's name.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn listen(
    queues: &[Queue],
) -> Result<BoxStream<'static, (String, QueueEvent)>, bull_queue::Error> {
    let mut streams = Vec::new();
    for queue in queues {
        let name = queue.name().to_owned();
        streams.push(queue.events().await?.map(move |event| (name.clone(), event)).boxed());
    }
    Ok(select_all(streams).boxed())
}

/// One event on one line.
pub(crate) fn line(json: bool, queue: &str, event: &QueueEvent) -> String {
    if json {
        let at = iso(u64::try_from(chrono::Utc::now().timestamp_millis()).ok());
        return json!({
            "at": at,
            "queue": queue,
            "event": event.name,
            "jobId": event.job_id,
            "payload": event.payload,
        })
        .to_string();
    }
    format!("{}  {}", now(), sentence(queue, event))
}

fn sentence(queue: &str, event: &QueueEvent) -> String {
    let job = event.job_id.as_ref().map(|id| format!("job {id} ")).unwrap_or_default();
    let payload = || match &event.payload {
        Value::Null => String::new(),
        value => format!(": {}", shorten(&plain(Some(value)), TEXT_LENGTH)),
    };
    match event.name.as_str() {
        "waiting" => format!("{queue}: {job}waits"),
        "active" => format!("{queue}: {job}has started"),
        "completed" => format!("{queue}: {job}has completed{}", payload()),
        "failed" => format!("{queue}: {job}has failed{}", payload()),
        "stalled" => format!("{queue}: {job}has stalled"),
        "progress" => format!("{queue}: {job}is at {}", progress::text(Some(&event.payload))),
        "delayed" => format!("{queue}: a job is due at {}", time(event.payload.as_u64())),
        "paused" => format!("{queue}: the queue is paused"),
        "resumed" => format!("{queue}: the queue goes on"),
        "drained" => format!("{queue}: no job waits any more"),
        other => format!("{queue}: {job}{other}{}", payload()),
    }
}

#[cfg(test)]
mod tests {
    use bull_queue::JobId;

    use super::*;

    #[test]
    fn events_are_sentences() {
        let event = |name: &str, id: Option<&str>, payload| {
            let event = QueueEvent { name: name.into(), job_id: id.map(JobId::from), payload };
            sentence("Replication queue", &event)
        };
        assert_eq!(event("active", Some("3"), Value::Null), "Replication queue: job 3 has started");
        assert_eq!(
            event("failed", Some("3"), json!("disk full")),
            "Replication queue: job 3 has failed: disk full"
        );
        assert_eq!(event("progress", Some("3"), json!(42)), "Replication queue: job 3 is at 42 %");
        assert_eq!(event("drained", None, Value::Null), "Replication queue: no job waits any more");
        assert_eq!(
            event("duplicated", Some("3"), Value::Null),
            "Replication queue: job 3 duplicated"
        );
    }
}
