//! Hearing of new jobs at once, by the events that every `add` publishes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::PubSub;
use redis::{ErrorKind, RedisError};

use super::core::Core;
use crate::keys::as_pattern;

/// The pause before the subscription is made again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long subscribing may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Notifies `core.arrival` of jobs until the worker stops. What is missed while there is no
/// subscription is found by asking, see [`super::WorkerOptions::guard_interval`].
pub(super) async fn listen(core: Arc<Core>) {
    loop {
        let failure = tokio::select! {
            () = core.stop.cancelled() => return,
            failure = listen_once(&core) => failure,
        };
        core.fails("subscribe", &failure);
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn listen_once(core: &Core) -> RedisError {
    let subscribed = tokio::time::timeout(LIMIT, subscribe(core)).await;
    let mut subscription = match subscribed {
        Ok(Ok(subscription)) => subscription,
        Ok(Err(error)) => return error,
        Err(_) => return RedisError::from((ErrorKind::Io, "subscribing took too long")),
    };
    core.works("subscribe");
    // Only now: a job that was added before the subscription was announced to nobody.
    core.arrival.notify_one();
    let mut messages = subscription.on_message();
    while messages.next().await.is_some() {
        core.arrival.notify_one();
    }
    RedisError::from((ErrorKind::Io, "the subscription ended"))
}

async fn subscribe(core: &Core) -> Result<PubSub, RedisError> {
    let mut subscription = core.queue.connection().client().get_async_pubsub().await?;
    let keys = core.queue.keys();
    subscription.psubscribe(format!("{}*", as_pattern(&keys.part("waiting@")))).await?;
    subscription.psubscribe(format!("{}*", as_pattern(&keys.part("stalled@")))).await?;
    subscription.subscribe(&[keys.part("delayed"), keys.part("resumed")][..]).await?;
    Ok(subscription)
}
