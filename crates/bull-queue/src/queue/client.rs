//! A queue by its name: how commands and scripts are sent to it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{FromRedisValue, RedisError, Script};
use serde::Serialize;
use uuid::Uuid;

use crate::connection::{Connection, is_passing};
use crate::error::Error;
use crate::keys::Keys;

/// How long an operation is retried during an outage of Redis: less than the 60 s for which a receipt is
/// kept (`lua/lib/receipt.lua`).
const PATIENCE: Duration = Duration::from_secs(20);

/// The pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// A queue of Bull v4 on Redis, identified by its exact name. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    name: String,
    keys: Keys,
    /// Identifies this client in channels whose names contain a token.
    token: String,
}

impl Queue {
    /// The queue with this exact name, under Bull's prefix `bull`. Writes nothing.
    #[must_use]
    pub fn new(connection: Connection, name: &str) -> Self {
        let inner = Inner {
            connection,
            name: name.to_owned(),
            keys: Keys::new(name),
            token: Uuid::new_v4().to_string(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The exact name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    pub(crate) fn token(&self) -> &str {
        &self.inner.token
    }

    /// Runs a script once.
    pub(crate) async fn call<T: FromRedisValue>(
        &self,
        script: &Script,
        request: &impl Serialize,
    ) -> Result<T, RedisError> {
        let request = serde_json::to_string(request).map_err(|error| {
            RedisError::from((redis::ErrorKind::Client, "no JSON", error.to_string()))
        })?;
        let mut connection = self.inner.connection.manager();
        script.key(self.keys().base()).arg(request).invoke_async(&mut connection).await
    }

    /// Runs a script, and retries during an outage of Redis. Returns whether it was run more than once.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        action: &'static str,
        script: &Script,
        request: &impl Serialize,
    ) -> Result<(T, bool), Error> {
        let mut again = false;
        let answer = patiently(|| self.call(script, request), &mut again).await;
        Ok((answer.map_err(|source| self.error(action, source))?, again))
    }

    /// Sends commands that change nothing, and retries during an outage of Redis.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        action: &'static str,
        commands: &redis::Pipeline,
    ) -> Result<T, Error> {
        let query = || async {
            let mut connection = self.inner.connection.manager();
            commands.query_async(&mut connection).await
        };
        patiently(query, &mut false).await.map_err(|source| self.error(action, source))
    }

    pub(crate) fn error(&self, action: &'static str, source: RedisError) -> Error {
        let url = self.inner.connection.url().to_owned();
        if is_passing(&source) {
            Error::Unreachable { url, source }
        } else {
            Error::Refused { url, action, queue: self.inner.name.clone(), source }
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", &self.inner.name)
            .field("connection", &self.inner.connection)
            .finish()
    }
}

async fn patiently<T, F>(mut attempt: impl FnMut() -> F, again: &mut bool) -> Result<T, RedisError>
where
    F: Future<Output = Result<T, RedisError>>,
{
    let start = Instant::now();
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) && start.elapsed() < PATIENCE => {
                *again = true;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            answer => return answer,
        }
    }
}
