//! Database URL: location of a database, and the role to connect as.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::host::HostName;
use super::parameters::PARAMETERS;

/// Characters that are not escaped in a printed URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encryption and certificate verification, as in libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted only if the server refuses plain connections.
    Allow,
    /// Encrypted if the server supports it; the default. Not verified.
    Prefer,
    /// Encrypted but not verified, unless `sslrootcert` is given: then like `verify-ca`.
    Require,
    /// Encrypted; the certificate must be signed by a trusted authority.
    VerifyCa,
    /// Like `verify-ca`, and the certificate must match the host's name.
    VerifyFull,
}

impl SslMode {
    /// As written in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// URL of a PostgreSQL database, in libpq's syntax:
/// `postgresql://user:password@host:port/database?sslmode=require`.
///
/// `postgres://` is the same. Every part may be percent-encoded; `?host=/var/run/postgresql` is the
/// directory of a Unix socket. Several hosts, separated by commas, are tried one after the other.
/// Parameters are libpq's, including those that have no effect here. `Display` and `Debug` never show the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    /// At least one.
    pub(super) servers: Vec<Server>,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) ssl_mode: SslMode,
    pub(super) ssl_root_cert: Option<PathBuf>,
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Duration,
    /// libpq's other parameters.
    pub(super) settings: BTreeMap<&'static str, String>,
    pub(super) lock_timeout: Option<Duration>,
}

/// One of the servers in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The host's name or address, or the directory of the Unix socket.
    pub host: String,
    /// The host's address, if it is not looked up (`hostaddr`).
    pub address: Option<IpAddr>,
    /// The port, which is also part of the Unix socket's name.
    pub port: u16,
}

impl Server {
    /// Whether the host is a directory of a Unix socket.
    #[must_use]
    pub fn is_unix_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// The host, by its name and its address.
    pub fn names(&self) -> impl Iterator<Item = HostName> {
        let address = self.address.map(HostName::from);
        // A given address decides; the name is only used for the certificate.
        std::iter::once(HostName::new(&self.host)).chain(address)
    }
}

impl DatabaseUrl {
    /// The servers, in the order in which they are tried.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The first server's host: a name or address, or the directory of the Unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        self.servers.first().map_or("localhost", |server| &server.host)
    }

    /// The first server's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.servers.first().map_or(5432, |server| server.port)
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How the connection is encrypted.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// Whether both are the same database, as far as the URLs show.
    #[must_use]
    pub fn same_database(&self, other: &Self) -> bool {
        let is_same = |one: &Server, other: &Server| {
            one.port == other.port
                && one.names().any(|name| other.names().any(|other| name == other))
        };
        self.database == other.database
            && self.servers.iter().any(|one| other.servers.iter().any(|other| is_same(one, other)))
    }

    /// libpq's parameter `name`, if the URL has it.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// The environment variables that pass libpq's parameters to PostgreSQL's client programs.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        PARAMETERS
            .iter()
            .filter_map(|parameter| Some((parameter.variable?, self.setting(parameter.name)?)))
    }

    /// The password, which is never shown.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(crate) fn ssl_root_cert(&self) -> Option<&std::path::Path> {
        self.ssl_root_cert.as_deref()
    }

    pub(crate) fn options(&self) -> Option<&str> {
        self.options.as_deref()
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// The same database, with a limit for how long sessions wait for a lock, and keep others waiting for
    /// one of their own: for a database that is read while others use it.
    #[must_use]
    pub fn with_lock_timeout(self, limit: Duration) -> Self {
        Self { lock_timeout: Some(limit), ..self }
    }

    /// The limit set by [`DatabaseUrl::with_lock_timeout`].
    #[must_use]
    pub fn lock_timeout(&self) -> Option<Duration> {
        self.lock_timeout
    }
}

/// A URL that can be parsed again, without the password and rare parameters.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        write!(formatter, "postgresql://{}", encode(&self.user))?;
        if self.password.is_some() {
            formatter.write_str(":***")?;
        }
        for (index, Server { host, port, .. }) in self.servers.iter().enumerate() {
            formatter.write_str(if index == 0 { "@" } else { "," })?;
            if host.starts_with('/') {
                write!(formatter, "{}:{port}", encode(host))?;
            } else if host.contains(':') {
                write!(formatter, "[{host}]:{port}")?;
            } else {
                write!(formatter, "{host}:{port}")?;
            }
        }
        write!(formatter, "/{}", encode(&self.database))?;
        if self.ssl_mode != SslMode::Prefer {
            write!(formatter, "?sslmode={}", self.ssl_mode.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}
