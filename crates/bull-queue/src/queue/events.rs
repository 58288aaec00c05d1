//! Events published by a queue.

use std::time::Duration;

use futures_util::stream::{Stream, StreamExt, unfold};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{ErrorKind, RedisError};
use serde::Serialize;
use serde_json::Value;

use super::client::Queue;
use crate::error::Error;
use crate::job::JobId;
use crate::keys::as_pattern;

/// The pause before a lost subscription is renewed.
const PAUSE: Duration = Duration::from_secs(1);

/// Time limit for subscribing, and for the reply to a ping.
const LIMIT: Duration = Duration::from_secs(5);

/// Time without messages after which the connection is checked.
const SILENCE: Duration = Duration::from_secs(10);

/// An event of a queue, caused by any program.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueEvent {
    /// `waiting`, `active`, `progress`, `completed`, `failed`, `delayed`, `stalled`, `paused`,
    /// `resumed`, `drained`, `duplicated`, `debounced`.
    pub name: String,
    /// The job concerned, if any.
    pub job_id: Option<JobId>,
    /// A completed job's return value, the reason of a failed one, the progress, or for `delayed` the time
    /// at which a job is due (ms since the epoch); otherwise null.
    pub payload: Value,
}

enum Subscription {
    Subscribed(PubSubSink, PubSubStream),
    Lost,
}

impl Queue {
    /// The events of the queue from now on. The stream never ends: a lost connection is renewed at least
    /// every second; events published in the meantime are missed.
    ///
    /// # Errors
    /// If the first subscription fails.
    pub async fn events(&self) -> Result<impl Stream<Item = QueueEvent> + Send + use<>, Error> {
        let first =
            self.subscribe().await.map_err(|source| self.error("send its events", source))?;
        let stream = unfold((self.clone(), first), |(queue, mut state)| async move {
            loop {
                if matches!(state, Subscription::Lost) {
                    match queue.subscribe().await {
                        Ok(again) => state = again,
                        Err(error) => {
                            tracing::debug!(queue = queue.name(), %error, "no subscription");
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
                match next_message(&mut state).await {
                    Some((channel, message)) => {
                        if let Some(event) = read(queue.keys().base(), &channel, &message) {
                            return Some((event, (queue, state)));
                        }
                    }
                    None => state = Subscription::Lost,
                }
            }
        });
        Ok(stream)
    }

    async fn subscribe(&self) -> Result<Subscription, RedisError> {
        let pattern = format!("{}*", as_pattern(self.keys().base()));
        let subscribe = async {
            let mut subscription = self.connection().client().get_async_pubsub().await?;
            subscription.psubscribe(pattern).await?;
            let (sink, stream) = subscription.split();
            Ok(Subscription::Subscribed(sink, stream))
        };
        let late = || RedisError::from((ErrorKind::Io, "subscribing took too long"));
        tokio::time::timeout(LIMIT, subscribe).await.map_err(|_| late())?
    }
}

/// The next channel and message; `None` if the connection is lost.
async fn next_message(state: &mut Subscription) -> Option<(String, String)> {
    let Subscription::Subscribed(sink, stream) = state else {
        return None;
    };
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(message)) => {
                let text = message.get_payload_bytes();
                let text = String::from_utf8_lossy(text).into_owned();
                return Some((message.get_channel_name().to_owned(), text));
            }
            Ok(None) => return None,
            // A connection that broke without notice would stay silent forever.
            Err(_) => match tokio::time::timeout(LIMIT, sink.ping::<redis::Value>()).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return None,
            },
        }
    }
}

/// Parses a message; `None` if it is not an event of this queue.
fn read(base: &str, channel: &str, message: &str) -> Option<QueueEvent> {
    let name = channel.strip_prefix(base)?;
    let name = name.split_once('@').map_or(name, |(name, _token)| name);
    let json = || serde_json::from_str::<Value>(message).unwrap_or(Value::Null);
    let id = |value: &Value| serde_json::from_value::<JobId>(value["jobId"].clone()).ok();
    let (job_id, payload) = match name {
        "waiting" | "active" | "stalled" | "duplicated" | "debounced" => {
            (Some(JobId::from(message)), Value::Null)
        }
        "progress" => {
            let mut event = json();
            (id(&event), event["progress"].take())
        }
        "completed" => {
            let mut event = json();
            let value = event["val"].take();
            // A string that contains JSON.
            let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            (id(&event), parsed.unwrap_or(value))
        }
        "failed" => {
            let mut event = json();
            (id(&event), event["val"].take())
        }
        "delayed" => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
            let due = message.parse::<f64>().map(|due| Value::from(due as u64));
            (None, due.unwrap_or(Value::Null))
        }
        "paused" | "resumed" | "drained" => (None, Value::Null),
        // The queue's name may be a prefix of another one's.
        _ => return None,
    };
    Some(QueueEvent { name: name.to_owned(), job_id, payload })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(channel: &str, message: &str) -> Option<(String, Option<String>, Value)> {
        let event = read("bull:a:b:", channel, message)?;
        Some((event.name, event.job_id.map(|id| id.to_string()), event.payload))
    }

    #[test]
    fn what_bull_publishes_is_read() {
        let job = || Some("7".to_owned());
        for (channel, message, wanted) in [
            ("bull:a:b:waiting@some-token", "7", ("waiting", job(), Value::Null)),
            ("bull:a:b:active@some-token", "7", ("active", job(), Value::Null)),
            (
                "bull:a:b:completed",
                r#"{"jobId":"7","val":"{\"rows\":3}"}"#,
                ("completed", job(), json!({ "rows": 3 })),
            ),
            ("bull:a:b:failed", r#"{"jobId":7,"val":"12"}"#, ("failed", job(), json!("12"))),
            ("bull:a:b:progress", r#"{"jobId":"7","progress":50}"#, ("progress", job(), json!(50))),
            (
                "bull:a:b:delayed",
                "1763600000000.25",
                ("delayed", None, json!(1_763_600_000_000_u64)),
            ),
            ("bull:a:b:drained", "", ("drained", None, Value::Null)),
            ("bull:a:b:paused", "paused", ("paused", None, Value::Null)),
        ] {
            let (name, id, payload) = wanted;
            assert_eq!(event(channel, message), Some((name.to_owned(), id, payload)), "{channel}");
        }
    }

    #[test]
    fn other_queues_are_not_heard() {
        assert_eq!(event("bull:a:b:c:waiting@x", "7"), None);
        assert_eq!(event("bull:a:waiting@x", "7"), None);
    }
}
