//! The connection to Redis.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use apalis_redis::ConnectionManager;
use redis::aio::ConnectionManagerConfig;
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, TlsCertificates};

use crate::error::Error;
use crate::redis_url::{Place, RedisUrl, Trust};
use crate::sentinel::Watch;
use crate::server::Server;

/// How long to wait for a reply. All scripts can safely be run twice, so a later reply does no harm.
const RESPONSE_LIMIT: Duration = Duration::from_secs(5);

/// Time limit of one connection attempt, and of the first connection as a whole.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Time limit of an additional attempt that only determines the reason.
const REASON_LIMIT: Duration = Duration::from_millis(500);

/// The longest pause between two connection attempts.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A connection that is shared by its clones and reconnects automatically after an outage.
#[derive(Clone)]
pub struct Connection {
    current: Arc<RwLock<Current>>,
    url: Arc<str>,
}

/// The current server; with sentinels, another one may replace it.
pub(crate) struct Current {
    pub(crate) client: Client,
    manager: ConnectionManager,
}

impl Current {
    pub(crate) fn lazy(
        client: Client,
        config: ConnectionManagerConfig,
    ) -> Result<Self, RedisError> {
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, manager })
    }
}

impl Connection {
    /// The URL without its password, for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The underlying connection, for commands that the queue has no function for.
    #[must_use]
    pub fn manager(&self) -> ConnectionManager {
        self.current.read().unwrap_or_else(PoisonError::into_inner).manager.clone()
    }

    /// Information about the server; empty if the server does not permit the request.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn server(&self) -> Result<Server, Error> {
        match redis::cmd("INFO").query_async::<String>(&mut self.manager()).await {
            Ok(info) => Ok(Server::read(&info)),
            Err(source) if is_passing(&source) => {
                Err(Error::Unreachable { url: self.url.to_string(), source })
            }
            Err(_) => Ok(Server::default()),
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.current.read().unwrap_or_else(PoisonError::into_inner).client.clone()
    }
}

// The client's own Debug would show the password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Connects to Redis at `redis_url`; see [`RedisUrl`] and [`connect_to`].
///
/// # Errors
/// [`Error::Url`] if the URL is invalid, otherwise as [`connect_to`].
pub async fn connect(redis_url: &str) -> Result<Connection, Error> {
    connect_to(&redis_url.parse().map_err(Error::Url)?).await
}

/// Connects to Redis.
///
/// The connection reconnects automatically after an outage, at least every second; with sentinels, to the
/// master that they then name.
///
/// # Errors
/// [`Error::Unreachable`] if Redis did not answer within about 5 s, [`Error::Refused`] if it answered with
/// an error (a wrong password), [`Error::Cluster`] if it is part of a Redis Cluster.
pub async fn connect_to(redis_url: &RedisUrl) -> Result<Connection, Error> {
    let url: Arc<str> = redis_url.to_string().into();
    if redis_url.is_tls() {
        install_tls_provider();
    }
    let failed = |source: RedisError| failure(&url, source);
    let (client, watch) = match &redis_url.place {
        Place::Server => (open(redis_url).map_err(failed)?, None),
        Place::Sentinels(place) => {
            let mut watch = Watch::new(place, &redis_url.trust).map_err(failed)?;
            let master = tokio::time::timeout(CONNECT_LIMIT, watch.master()).await;
            let master = master
                .unwrap_or_else(|_| Err(no_answer()))
                .map_err(|source| Error::Unreachable { url: url.to_string(), source })?;
            (master, Some(watch))
        }
    };
    let connecting = ConnectionManager::new_with_config(client.clone(), manager_config());
    let manager = match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
        Ok(connected) => connected.map_err(failed)?,
        Err(_) => {
            let source = reason(&client).await;
            return Err(Error::Unreachable { url: url.to_string(), source });
        }
    };
    let current = Arc::new(RwLock::new(Current { client, manager }));
    if let Some(watch) = watch {
        tokio::spawn(watch.follow(Arc::downgrade(&current)));
    }
    let connection = Connection { current, url };
    if connection.server().await?.is_cluster {
        return Err(Error::Cluster { url: connection.url.to_string() });
    }
    Ok(connection)
}

fn open(url: &RedisUrl) -> Result<Client, RedisError> {
    let mut info = url.secret().into_connection_info()?.set_tcp_settings(tcp_settings());
    if let ConnectionAddr::TcpTls { host, port, tls_params, .. } = info.addr().clone() {
        let insecure = url.trust == Trust::Anybody;
        info = info.set_addr(ConnectionAddr::TcpTls { host, port, insecure, tls_params });
    }
    match certificates(&url.trust) {
        Some(certificates) if url.is_tls() => Client::build_with_tls(info, certificates),
        _ => Client::open(info),
    }
}

/// The authorities that replace the system's.
pub(crate) fn certificates(trust: &Trust) -> Option<TlsCertificates> {
    match trust {
        Trust::Authorities(pem) => {
            Some(TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) })
        }
        Trust::System | Trust::Anybody => None,
    }
}

/// Disables Nagle's algorithm: requests are small, and the client waits for each reply.
pub(crate) fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

pub(crate) fn manager_config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_response_timeout(Some(RESPONSE_LIMIT))
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_max_delay(RECONNECT_PAUSE)
}

fn failure(url: &str, source: RedisError) -> Error {
    if is_passing(&source) {
        return Error::Unreachable { url: url.to_owned(), source };
    }
    Error::Refused {
        url: url.to_owned(),
        action: "accept the connection",
        queue: "all queues".into(),
        source,
    }
}

fn no_answer() -> RedisError {
    RedisError::from((ErrorKind::Io, "no answer within 5 s"))
}

/// Determines why Redis cannot be reached, which the connection manager does not report while it retries.
async fn reason(client: &Client) -> RedisError {
    let attempt = client.get_multiplexed_async_connection();
    match tokio::time::timeout(REASON_LIMIT, attempt).await {
        Ok(Err(source)) => source,
        _ => no_answer(),
    }
}

/// Whether an error is transient: the connection broke, or the server is not ready yet.
pub(crate) fn is_passing(error: &RedisError) -> bool {
    use redis::ServerErrorKind::{BusyLoading, MasterDown, ReadOnly, TryAgain};
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || matches!(error.kind(), ErrorKind::Server(BusyLoading | MasterDown | ReadOnly | TryAgain))
        || matches!(error.code(), Some("BUSY"))
}

/// rustls needs one provider for the whole process; the first caller installs it.
fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
