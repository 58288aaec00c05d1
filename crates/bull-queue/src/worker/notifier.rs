//! Notification of new jobs by the events that every `add` publishes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{ErrorKind, RedisError};

use crate::connection::is_passing;
use crate::queue::subscribe;
use crate::worker::core::Core;
use crate::worker::event::WorkerEvent;

/// The pause before the subscription is renewed.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause if subscribing is not permitted: the permission may be granted later.
const PAUSE_WITHOUT_RIGHTS: Duration = Duration::from_secs(60);

/// Time limit for subscribing.
const LIMIT: Duration = Duration::from_secs(5);

/// Notifies `core.arrival` of jobs until the worker stops. Jobs missed without a subscription are found by
/// polling; see [`crate::worker::WorkerOptions::guard_interval`].
pub(super) async fn listen(core: Arc<Core>) {
    let mut told = false;
    loop {
        let failure = tokio::select! {
            () = core.stop.cancelled() => return,
            failure = listen_once(&core) => failure,
        };
        let refused = !is_passing(&failure);
        if !refused {
            core.fails("subscribe", &failure);
        } else if !std::mem::replace(&mut told, true) {
            let error = format!(
                "it may not listen, so that a job starts up to {} s after it was added: {failure}; \
                 give the user of REDIS_URL the channels of the queue (`&bull:*`)",
                core.options.guard_interval.as_secs()
            );
            core.emit(&WorkerEvent::Error { error });
        }
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(if refused { PAUSE_WITHOUT_RIGHTS } else { PAUSE }) => {}
        }
    }
}

async fn listen_once(core: &Core) -> RedisError {
    let subscribed = tokio::time::timeout(LIMIT, subscribe(&core.queue)).await;
    let mut subscription = match subscribed {
        Ok(Ok(subscription)) => subscription,
        Ok(Err(error)) => return error,
        Err(_) => return RedisError::from((ErrorKind::Io, "subscribing took too long")),
    };
    core.works("subscribe");
    // Only now, because a job added before the subscription was announced to nobody.
    core.arrival.notify_one();
    let mut messages = subscription.on_message();
    while messages.next().await.is_some() {
        core.arrival.notify_one();
    }
    RedisError::from((ErrorKind::Io, "the subscription ended"))
}
