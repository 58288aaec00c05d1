//! Hearing of jobs that may be run.

use redis::RedisError;
use redis::aio::PubSub;

use super::client::Queue;
use crate::keys::as_pattern;

/// Subscribes to all events that mean a new waiting job.
pub(crate) async fn subscribe(queue: &Queue) -> Result<PubSub, RedisError> {
    let mut subscription = queue.connection().client().get_async_pubsub().await?;
    let keys = queue.keys();
    subscription.psubscribe(format!("{}*", as_pattern(&keys.part("waiting@")))).await?;
    subscription.psubscribe(format!("{}*", as_pattern(&keys.part("stalled@")))).await?;
    subscription.subscribe(&[keys.part("delayed"), keys.part("resumed")][..]).await?;
    Ok(subscription)
}
