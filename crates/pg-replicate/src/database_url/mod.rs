//! Where a database is, and who we are there.

mod parse;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use parse::DatabaseUrlError;

/// What is left as it is in a printed URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whether the connection is encrypted and the server's certificate verified, as libpq has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted when the server refuses plain connections.
    Allow,
    /// Encrypted when the server can; the default. Not verified.
    Prefer,
    /// Encrypted, not verified, unless `sslrootcert` is given: then as `verify-ca`.
    Require,
    /// Encrypted; the certificate must come from a trusted authority.
    VerifyCa,
    /// As `verify-ca`, and made out to the host's name.
    VerifyFull,
}

impl SslMode {
    /// As it is written in a URL.
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

/// A database of PostgreSQL, in libpq's URL syntax:
/// `postgresql://user:password@host:port/database?sslmode=require`.
///
/// `postgres://` is the same. Every part may be percent-encoded; `?host=/var/run/postgresql` names a
/// unix socket's directory. Known parameters: `host`, `port`, `user`, `password`, `dbname`,
/// `sslmode`, `sslrootcert`, `options`, `connect_timeout`, and `application_name`, which is ignored.
/// `Display` and `Debug` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: Option<String>,
    ssl_mode: SslMode,
    ssl_root_cert: Option<PathBuf>,
    options: Option<String>,
    connect_timeout: Duration,
}

impl DatabaseUrl {
    /// The host's name or address, or the directory of the unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; it also names the unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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

    /// Whether the host is a unix socket's directory.
    #[must_use]
    pub fn is_unix_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// How the connection is encrypted.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// Whether both name one database, as far as the URLs tell.
    #[must_use]
    pub fn same_database(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    fn place(&self) -> (String, u16, &str) {
        let host = match self.host.to_ascii_lowercase().as_str() {
            "127.0.0.1" | "::1" => "localhost".to_owned(),
            host => host.to_owned(),
        };
        (host, self.port, &self.database)
    }

    pub(crate) fn password(&self) -> Option<&str> {
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
}

/// A URL that can be read again, but for the password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        write!(formatter, "postgresql://{}", encode(&self.user))?;
        if self.password.is_some() {
            formatter.write_str(":***")?;
        }
        if self.is_unix_socket() {
            write!(formatter, "@{}", encode(&self.host))?;
        } else if self.host.contains(':') {
            write!(formatter, "@[{}]", self.host)?;
        } else {
            write!(formatter, "@{}", self.host)?;
        }
        write!(formatter, ":{}/{}", self.port, encode(&self.database))?;
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
