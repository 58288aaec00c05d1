//! The connection to Redis.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use apalis_redis::ConnectionManager;
use redis::aio::ConnectionManagerConfig;
use redis::{Client, ErrorKind, RedisError};
use url::Url;

use crate::error::Error;

/// A Redis that stalls for less than this is waited for; the scripts bear being run twice, so a
/// reply that comes later does no harm.
const RESPONSE_LIMIT: Duration = Duration::from_secs(5);

/// How long one attempt to connect may take, and the first connection altogether.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long one more attempt may take that only asks for the reason.
const REASON_LIMIT: Duration = Duration::from_millis(500);

/// The longest pause between two attempts to connect.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A connection that is shared by its clones and comes back by itself after an outage.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    manager: ConnectionManager,
    url: Arc<str>,
}

impl Connection {
    /// The URL without its password, for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The connection itself, for commands that the queue has no function for.
    #[must_use]
    pub fn manager(&self) -> ConnectionManager {
        self.manager.clone()
    }

    /// The version of the server, such as `7.0.15`.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn server_version(&self) -> Result<String, Error> {
        let info: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut self.manager())
            .await
            .map_err(|source| Error::Unreachable { url: self.url.to_string(), source })?;
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        Ok(version.unwrap_or("unknown").trim().to_owned())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

// The client's own Debug would show the password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Connects to Redis at `redis_url`: `redis://` or `rediss://` (TLS, certificates of the system).
///
/// The connection comes back by itself after an outage, trying again at least every second.
///
/// # Errors
/// [`Error::Url`] when the URL cannot be used, [`Error::Unreachable`] when Redis did not answer
/// within about 5 s, [`Error::Refused`] when it answered with an error (a wrong password).
pub async fn connect(redis_url: &str) -> Result<Connection, Error> {
    let url: Arc<str> = redacted(redis_url).into();
    if redis_url.starts_with("rediss:") {
        install_tls_provider();
    }
    let client = Client::open(redis_url)
        .map_err(|error| Error::Url { url: url.to_string(), reason: error.to_string() })?;
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(RESPONSE_LIMIT))
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_max_delay(RECONNECT_PAUSE);
    let connecting = ConnectionManager::new_with_config(client.clone(), config);
    let manager = match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
        Ok(Ok(manager)) => manager,
        Ok(Err(source)) if is_passing(&source) => {
            return Err(Error::Unreachable { url: url.to_string(), source });
        }
        Ok(Err(source)) => {
            return Err(Error::Refused {
                url: url.to_string(),
                action: "let us in",
                queue: "all queues".into(),
                source,
            });
        }
        Err(_) => {
            let source = reason(&client).await;
            return Err(Error::Unreachable { url: url.to_string(), source });
        }
    };
    Ok(Connection { client, manager, url })
}

/// Why Redis cannot be reached: the manager keeps that to itself while it tries again.
async fn reason(client: &Client) -> RedisError {
    let attempt = client.get_multiplexed_async_connection();
    match tokio::time::timeout(REASON_LIMIT, attempt).await {
        Ok(Err(source)) => source,
        _ => RedisError::from((ErrorKind::Io, "no answer within 5 s")),
    }
}

/// Whether an error passes by itself: the connection broke, or the server is not ready yet.
pub(crate) fn is_passing(error: &RedisError) -> bool {
    use redis::ServerErrorKind::{BusyLoading, MasterDown, TryAgain};
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || matches!(error.kind(), ErrorKind::Server(BusyLoading | MasterDown | TryAgain))
        || matches!(error.code(), Some("BUSY"))
}

/// rustls needs one provider for the whole process; whoever comes first installs it.
fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// The URL without its password; nothing of it when it cannot be parsed, as the password could
/// stand anywhere.
fn redacted(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "(not shown: it cannot be parsed)".into();
    };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "(not shown)".into();
    }
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(redacted("rediss://u:s3cret@h:6380/1"), "rediss://u:***@h:6380/1");
        assert_eq!(redacted("redis://:s3cret@h"), "redis://:***@h");
        assert_eq!(redacted("redis://127.0.0.1:6379"), "redis://127.0.0.1:6379");
        assert!(!redacted("s3cret without a scheme").contains("s3cret"));
        assert!(!redacted("redis://h/0?password=s3cret").contains("s3cret"));
    }
}
