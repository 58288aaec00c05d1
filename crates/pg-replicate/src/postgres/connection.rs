//! Connections whose work also ends on the server when a step is cancelled.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::Instrument;

use crate::error::reason;
use crate::postgres::{session_settings, tls};
use crate::{DatabaseUrl, Error, Server, SslMode};
use progress::Context;

/// A dead peer is detected after about a minute, instead of the kernel's two hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long a cancelled step waits for the server to accept the cancel request.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// A plain client for other crates; its connection ends when it is dropped.
///
/// # Errors
/// [`Error::Unreachable`].
pub async fn connect(url: &DatabaseUrl) -> Result<Client, Error> {
    Ok(open_session(url, "pg-replicate").await?.client)
}

/// A connection whose statements can be cancelled; closed at once when dropped.
pub(crate) struct Connection {
    client: Held,
    url: DatabaseUrl,
    canceller: Canceller,
    pid: i32,
}

/// An own client, or one that returns to its pool.
enum Held {
    Own { client: Client, driver: AbortHandle },
    Pooled(deadpool_postgres::Object),
}

/// Cancels what runs on a connection, even while it is borrowed by a transaction.
#[derive(Clone)]
pub(crate) struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// Asks the server to cancel what runs on the connection.
    pub(crate) async fn cancel(&self) {
        let request = async {
            match &self.tls {
                Some(tls) => self.token.cancel_query(tls.clone()).await,
                None => self.token.cancel_query(NoTls).await,
            }
        };
        // If the server cannot be told, it notices the closed connection.
        let _ = tokio::time::timeout(CANCEL_LIMIT, request).await;
    }

    /// Runs `work` on the connection until it ends or the step is cancelled; in the latter case the server
    /// is told, and the connection must not be used any more.
    pub(crate) async fn run<T>(
        &self,
        context: &Context,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = context.cancel.cancelled() => {
                self.cancel().await;
                Err(Error::Cancelled)
            }
            result = work => result,
        }
    }
}

impl Connection {
    /// Connects to `url` with this `application_name`.
    pub(crate) async fn open(url: &DatabaseUrl, application_name: &str) -> Result<Self, Error> {
        let Session { client, driver, tls, pid } = open_session(url, application_name).await?;
        let canceller = Canceller { token: client.cancel_token(), tls };
        let client = Held::Own { client, driver: driver.abort_handle() };
        Ok(Self { client, url: url.clone(), canceller, pid })
    }

    /// A client lent by a pool of connections to `url`.
    pub(crate) fn pooled(
        client: deadpool_postgres::Object,
        url: &DatabaseUrl,
        tls: Option<MakeRustlsConnect>,
    ) -> Self {
        let canceller = Canceller { token: client.cancel_token(), tls };
        Self { client: Held::Pooled(client), url: url.clone(), canceller, pid: 0 }
    }

    /// [`Connection::open`], abandoned when the step is cancelled.
    pub(crate) async fn open_for(
        context: &Context,
        url: &DatabaseUrl,
        application_name: &str,
    ) -> Result<Self, Error> {
        tokio::select! {
            biased;
            () = context.cancel.cancelled() => Err(Error::Cancelled),
            connection = Self::open(url, application_name) => {
                let connection = connection?;
                context.sessions.opened(&url.to_string(), connection.pid);
                Ok(connection)
            }
        }
    }

    /// The database.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The server's error during `action`.
    pub(crate) fn error(&self, action: impl Into<String>, error: &tokio_postgres::Error) -> Error {
        Error::database(&self.url, action, error)
    }

    /// Cancels statements of this connection.
    pub(crate) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// [`Canceller::run`].
    pub(crate) async fn run<T>(
        &self,
        context: &Context,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.canceller.run(context, work).await
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        match &self.client {
            Held::Own { client, .. } => client,
            Held::Pooled(client) => client,
        }
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        match &mut self.client {
            Held::Own { client, .. } => client,
            Held::Pooled(client) => client,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Held::Own { driver, .. } = &self.client {
            driver.abort();
        }
    }
}

/// Runs `work`, which uses both connections. If it fails or the step is cancelled, both servers are told:
/// one that is not reading, because its buffers are full, does not notice the end of the connection.
pub(crate) async fn run_both<T>(
    source: &Connection,
    target: &Connection,
    context: &Context,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let result = source.run(context, target.run(context, work)).await;
    if result.is_err() {
        let (source, target) = (source.canceller(), target.canceller());
        futures_util::future::join(source.cancel(), target.cancel()).await;
    }
    result
}

/// A client whose session is set up.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// The task that drives it.
    pub(crate) driver: JoinHandle<()>,
    pub(crate) tls: Option<MakeRustlsConnect>,
    /// Its process id on the server.
    pub(crate) pid: i32,
}

/// Opens a session that is not shared, and sets it up.
pub(crate) async fn open_session(
    url: &DatabaseUrl,
    application_name: &str,
) -> Result<Session, Error> {
    let (client, driver, tls) = open(url, application_name).await?;
    let driver = tokio::spawn(driver.in_current_span());
    let set_up = async {
        if session_settings::is_new(url)
            && let Ok((second, its_driver, _)) = open(url, application_name).await
        {
            let its_driver = tokio::spawn(its_driver.in_current_span());
            let result = session_settings::refuse_pooler(&client, second, url).await;
            its_driver.abort();
            result?;
        }
        session_settings::set_up(&client, url).await
    };
    match set_up.await {
        Ok(pid) => Ok(Session { client, driver, tls, pid }),
        Err(error) => {
            driver.abort();
            Err(error)
        }
    }
}

type Driver = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The first of the URL's servers that accepts the connection and satisfies `target_session_attrs`.
async fn open(
    url: &DatabaseUrl,
    application_name: &str,
) -> Result<(Client, Driver, Option<MakeRustlsConnect>), Error> {
    let limit = url.connect_timeout();
    let mut reasons = Vec::new();
    'wanted: for wanted in wanted_sessions(url) {
        for server in url.servers() {
            let negotiated = async {
                let (client, mut driver, tls) = negotiate(url, server, application_name).await?;
                let suits = suits(&client, *wanted);
                tokio::select! {
                    suits = suits => suits.map(|()| (client, driver, tls)),
                    () = &mut driver => Err(Refused::of("the connection was closed".into())),
                }
            };
            let refused = match tokio::time::timeout(limit, negotiated).await {
                Ok(Ok(opened)) => return Ok(opened),
                Ok(Err(refused)) => refused,
                Err(_) => Refused::of(format!("no answer within {} s", limit.as_secs())),
            };
            let reason = match url.servers() {
                [_] => refused.reason,
                _ => format!("{}:{}: {}", server.host, server.port, refused.reason),
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
            if refused.is_final {
                break 'wanted;
            }
        }
    }
    Err(Error::Unreachable { url: url.to_string(), reason: reasons.join("; ") })
}

/// Why a server was not used.
struct Refused {
    reason: String,
    /// It rejects the role: as in libpq, no other server is tried.
    is_final: bool,
}

impl Refused {
    fn of(reason: String) -> Self {
        Self { reason, is_final: false }
    }
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        // invalid_authorization_specification
        let is_final = error.code().is_some_and(|code| code.code().starts_with("28"));
        Self { reason: reason(&error), is_final }
    }
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self::of(reason)
    }
}

/// What a session must be: each round over the servers looks for one of these.
fn wanted_sessions(url: &DatabaseUrl) -> &'static [Wanted] {
    match url.setting("target_session_attrs") {
        Some("read-write") => &[Wanted::ReadWrite],
        Some("read-only") => &[Wanted::ReadOnly],
        Some("primary") => &[Wanted::Primary],
        Some("standby") => &[Wanted::Standby],
        Some("prefer-standby") => &[Wanted::Standby, Wanted::Any],
        _ => &[Wanted::Any],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

async fn suits(client: &Client, wanted: Wanted) -> Result<(), Refused> {
    const SQL: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
        pg_catalog.current_setting('default_transaction_read_only') = 'on'";
    if wanted == Wanted::Any {
        return Ok(());
    }
    let row = client.query_one(SQL, &[]).await?;
    let (is_standby, is_default): (bool, bool) = (row.get(0), row.get(1));
    let is_read_only = is_standby || is_default;
    let (is_met, what) = match wanted {
        Wanted::Any => (true, ""),
        Wanted::ReadWrite => (!is_read_only, "is read-only"),
        Wanted::ReadOnly => (is_read_only, "is not read-only"),
        Wanted::Primary => (!is_standby, "is a standby"),
        Wanted::Standby => (is_standby, "is not a standby"),
    };
    if is_met { Ok(()) } else { Err(Refused::of(format!("it {what} (target_session_attrs)"))) }
}

/// Tries what `sslmode` allows, in libpq's order.
async fn negotiate(
    url: &DatabaseUrl,
    server: &Server,
    application_name: &str,
) -> Result<(Client, Driver, Option<MakeRustlsConnect>), Refused> {
    let plain = async || {
        let mut config = config(url, server, application_name);
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        let (client, connection) = config.connect(NoTls).await?;
        Ok::<_, Refused>((client, Box::pin(drive(connection)) as Driver, None))
    };
    let encrypted = async |required: bool| {
        let connector = tls::connector(url)?;
        let mut config = config(url, server, application_name);
        config.ssl_mode(if required {
            tokio_postgres::config::SslMode::Require
        } else {
            tokio_postgres::config::SslMode::Prefer
        });
        let (client, connection) = config.connect(connector.clone()).await?;
        Ok::<_, Refused>((client, Box::pin(drive(connection)) as Driver, Some(connector)))
    };
    match url.ssl_mode() {
        // libpq does not use TLS on Unix sockets.
        _ if server.is_unix_socket() => plain().await,
        SslMode::Disable => plain().await,
        SslMode::Allow => match plain().await {
            Ok(connected) => Ok(connected),
            Err(first) => encrypted(true).await.map_err(|_| first),
        },
        SslMode::Prefer => match encrypted(false).await {
            Ok(connected) => Ok(connected),
            Err(first) => plain().await.map_err(|_| first),
        },
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => encrypted(true).await,
    }
}

fn config(url: &DatabaseUrl, server: &Server, application_name: &str) -> Config {
    use tokio_postgres::config::{ChannelBinding, SslNegotiation};
    let mut config = Config::new();
    config
        .host(&server.host)
        .port(server.port)
        .user(url.user())
        .dbname(url.database())
        .application_name(application_name)
        .connect_timeout(url.connect_timeout())
        .channel_binding(match url.setting("channel_binding") {
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            _ => ChannelBinding::Prefer,
        })
        .ssl_negotiation(match url.setting("sslnegotiation") {
            Some("direct") => SslNegotiation::Direct,
            _ => SslNegotiation::Postgres,
        })
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES);
    if let Some(address) = server.address {
        config.hostaddr(address);
    }
    if let Some(password) = url.password() {
        config.password(password);
    }
    if let Some(options) = url.options() {
        config.options(options);
    }
    config
}

/// Runs a connection to its end. Its error reaches whoever waits for a reply; the server's notices are
/// logged only at level debug.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    use tokio_postgres::AsyncMessage;
    while let Some(message) =
        futures_util::future::poll_fn(|context| connection.poll_message(context)).await
    {
        match message {
            Ok(AsyncMessage::Notice(notice)) => tracing::debug!("{}", notice.message()),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!("connection ended: {}", reason(&error));
                return;
            }
        }
    }
}
