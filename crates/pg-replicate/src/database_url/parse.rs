//! libpq's URL syntax, which is not the web's: a password may hold what a web URL forbids.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{DatabaseUrl, SslMode};

/// Longer than any healthy connection takes, short enough to tell a wrong host at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is wrong with a database's URL. Never shows the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme, or none.
    #[error("postgresql://user:password@host:port/database is wanted; found {0}")]
    Scheme(String),
    /// No role.
    #[error("the user is missing: postgresql://user:password@host:port/database is wanted")]
    User,
    /// More than one host.
    #[error("several hosts are not supported: name the one to use")]
    Hosts,
    /// A port that is none.
    #[error(
        "a port from 1 to 65535 is wanted; found \"{0}\" (is there a / : ? or @ in the password? Write it percent-encoded)"
    )]
    Port(String),
    /// `[` without `]`.
    #[error("the host's [ has no ]")]
    Bracket,
    /// Percent-encoding that yields no UTF-8, or holds a zero byte.
    #[error("{0} is not percent-encoded UTF-8 without zero bytes")]
    Encoding(&'static str),
    /// A parameter of no meaning here.
    #[error(
        "unknown parameter \"{0}\": host, port, user, password, dbname, sslmode, sslrootcert, options, connect_timeout and application_name are known"
    )]
    Parameter(String),
    /// A parameter's value that cannot be used.
    #[error("{parameter}: {wanted} is wanted; found \"{found}\"")]
    Value {
        /// Its name.
        parameter: &'static str,
        /// What it may be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
}

#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    ssl_mode: Option<SslMode>,
    ssl_root_cert: Option<PathBuf>,
    options: Option<String>,
    connect_timeout: Option<Duration>,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let rest = text
            .strip_prefix("postgresql://")
            .or_else(|| text.strip_prefix("postgres://"))
            .ok_or_else(|| DatabaseUrlError::Scheme(scheme_of(text)))?;
        let mut parts = Parts::default();
        // As libpq: the authority ends at the first / or ?, and its credentials at its first @.
        let (authority, rest) = match rest.find(['/', '?']) {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        };
        let address = match authority.split_once('@') {
            Some((credentials, address)) => {
                parts.credentials(credentials)?;
                address
            }
            None => authority,
        };
        parts.address(address)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if let Some(database) = path.strip_prefix('/').filter(|database| !database.is_empty()) {
            parts.database = Some(decode(database, "the database")?);
        }
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            parts.parameter(&decode(key, "a parameter")?, value)?;
        }
        parts.finish()
    }
}

impl Parts {
    fn credentials(&mut self, credentials: &str) -> Result<(), DatabaseUrlError> {
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        self.user = Some(decode(user, "the user")?);
        self.password = password.map(|password| decode(password, "the password")).transpose()?;
        Ok(())
    }

    fn address(&mut self, address: &str) -> Result<(), DatabaseUrlError> {
        if address.contains(',') {
            return Err(DatabaseUrlError::Hosts);
        }
        let (host, port) = if let Some(rest) = address.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or(DatabaseUrlError::Bracket)?;
            (host, rest.strip_prefix(':').unwrap_or(rest))
        } else {
            address.split_once(':').unwrap_or((address, ""))
        };
        if !host.is_empty() {
            self.host = Some(decode(host, "the host")?);
        }
        if !port.is_empty() {
            self.port = Some(port.to_owned());
        }
        Ok(())
    }

    fn parameter(&mut self, key: &str, value: &str) -> Result<(), DatabaseUrlError> {
        match key {
            "host" if value.contains(',') => return Err(DatabaseUrlError::Hosts),
            "host" => self.host = Some(decode(value, "host")?),
            "port" => self.port = Some(decode(value, "port")?),
            "user" => self.user = Some(decode(value, "user")?),
            "password" => self.password = Some(decode(value, "password")?),
            "dbname" => self.database = Some(decode(value, "dbname")?),
            "options" => self.options = Some(decode(value, "options")?),
            "sslrootcert" => self.ssl_root_cert = Some(decode(value, "sslrootcert")?.into()),
            "sslmode" => self.ssl_mode = Some(ssl_mode(&decode(value, "sslmode")?)?),
            "connect_timeout" => {
                let found = decode(value, "connect_timeout")?;
                let seconds: u64 = found.parse().map_err(|_| DatabaseUrlError::Value {
                    parameter: "connect_timeout",
                    wanted: "a number of seconds",
                    found,
                })?;
                self.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            "application_name" | "fallback_application_name" => {}
            _ => return Err(DatabaseUrlError::Parameter(key.to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<DatabaseUrl, DatabaseUrlError> {
        let user = self.user.filter(|user| !user.is_empty()).ok_or(DatabaseUrlError::User)?;
        let port = match self.port {
            None => 5432,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(DatabaseUrlError::Port(port)),
            },
        };
        Ok(DatabaseUrl {
            host: self.host.unwrap_or_else(|| "localhost".into()),
            port,
            // libpq's default.
            database: self.database.unwrap_or_else(|| user.clone()),
            user,
            password: self.password.filter(|password| !password.is_empty()),
            ssl_mode: self.ssl_mode.unwrap_or(SslMode::Prefer),
            ssl_root_cert: self.ssl_root_cert,
            options: self.options,
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
        })
    }
}

fn ssl_mode(text: &str) -> Result<SslMode, DatabaseUrlError> {
    Ok(match text {
        "disable" => SslMode::Disable,
        "allow" => SslMode::Allow,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => {
            return Err(DatabaseUrlError::Value {
                parameter: "sslmode",
                wanted: "disable, allow, prefer, require, verify-ca or verify-full",
                found: text.to_owned(),
            });
        }
    })
}

fn decode(text: &str, what: &'static str) -> Result<String, DatabaseUrlError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => Ok(decoded.into_owned()),
        _ => Err(DatabaseUrlError::Encoding(what)),
    }
}

/// Enough of a wrong URL to recognise it, and no part of it that may hold a password.
fn scheme_of(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(|one| one.is_ascii_alphanumeric()) => {
            format!("{scheme}://…")
        }
        _ if text.is_empty() => "nothing".into(),
        _ => "no scheme".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> DatabaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn all_parts() {
        let url =
            parse("postgres://us%40er:p%3Aa%2Fss@db.example:6543/my%20db?sslmode=verify-full");
        assert_eq!((url.user(), url.password()), ("us@er", Some("p:a/ss")));
        assert_eq!((url.host(), url.port(), url.database()), ("db.example", 6543, "my db"));
        assert_eq!(url.ssl_mode(), SslMode::VerifyFull);
    }

    #[test]
    fn defaults() {
        let url = parse("postgresql://source_user@localhost/source_database");
        assert_eq!((url.host(), url.port(), url.password()), ("localhost", 5432, None));
        assert_eq!(url.ssl_mode(), SslMode::Prefer);
        assert_eq!(parse("postgresql://me@").database(), "me");
        assert_eq!(parse("postgresql:///db?user=me").host(), "localhost");
    }

    #[test]
    fn addresses_and_sockets() {
        assert_eq!(parse("postgresql://me@[::1]:77/db").host(), "::1");
        assert_eq!(parse("postgresql://me@[::1]:77/db").port(), 77);
        let socket = parse("postgresql://me:x@/db?host=/var/run/postgresql&port=5433");
        assert_eq!((socket.host(), socket.port()), ("/var/run/postgresql", 5433));
        assert!(socket.is_unix_socket());
        assert_eq!(parse("postgresql://me@%2Ftmp/db").host(), "/tmp");
    }

    #[test]
    fn the_password_is_never_shown() {
        let url = parse("postgresql://me:secret@[::1]:77/d%20b?sslmode=require");
        assert_eq!(url.to_string(), "postgresql://me:***@[::1]:77/d%20b?sslmode=require");
        assert!(!format!("{url:?} {url:#?}").contains("secret"));
        for wrong in [
            "postgresql://me:secret@host:port/db",
            "mysql://me:secret@host/db",
            "me:secret@host",
            "postgresql://:secret@host/db",
            "postgresql://me:secret%FF@host/db",
            "postgresql://me:secret@host/db?sslmode=maybe",
            "postgresql://me:secret@host,other/db",
        ] {
            let error = wrong.parse::<DatabaseUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for text in ["postgresql://a@b:1/c", "postgresql://a@%2Ftmp:1/c?sslmode=disable"] {
            assert_eq!(parse(&parse(text).to_string()), parse(text));
        }
    }

    #[test]
    fn unknown_parameters_are_refused() {
        let error = "postgresql://a@b/c?sslmod=require".parse::<DatabaseUrl>().unwrap_err();
        assert_eq!(error, DatabaseUrlError::Parameter("sslmod".into()));
    }

    #[test]
    fn one_database_under_two_names() {
        let url = parse("postgresql://a:x@localhost/db");
        assert!(url.same_database(&parse("postgres://b@127.0.0.1:5432/db")));
        assert!(!url.same_database(&parse("postgres://a@localhost/db2")));
        assert!(!url.same_database(&parse("postgres://a@localhost:1/db")));
    }
}
