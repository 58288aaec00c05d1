//! Parser of libpq's URL syntax, which differs from that of web URLs: a password may contain characters
//! that a web URL forbids.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::database_url::{DatabaseUrl, Server, SslMode};
use super::parameters::Parameter;
use super::pass_file;

/// Longer than any healthy connection takes, but short enough to detect a wrong host quickly.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An invalid database URL. Never shows the password, nor anything that may be part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme, or none.
    #[error("must be postgresql://user:password@host:port/database; found {0}")]
    Scheme(String),
    /// No role.
    #[error("the user is missing: must be postgresql://user:password@host:port/database")]
    User,
    /// An unencoded separator in the user or the password.
    #[error(
        "the user or the password contains an unencoded / ? @ or :, which must be percent-encoded (%2F %3F %40 %3A)"
    )]
    NotEncoded,
    /// The number of ports or addresses differs from that of hosts.
    #[error("{hosts} hosts and {others} {what}: must be one for each host")]
    Counts {
        /// The number of hosts.
        hosts: usize,
        /// The number of the others.
        others: usize,
        /// Ports or addresses.
        what: &'static str,
    },
    /// An invalid port.
    #[error("the port must be a whole number from 1 to 65535")]
    Port,
    /// `[` without `]`.
    #[error("the host contains a [ without a closing ]")]
    Bracket,
    /// Percent-encoding that is not UTF-8, or contains a zero byte.
    #[error("{0} is not percent-encoded UTF-8 without zero bytes")]
    Encoding(&'static str),
    /// A parameter that is unknown to libpq too.
    #[error("unknown parameter \"{0}\": must be one of libpq's")]
    Parameter(String),
    /// An unusable password file.
    #[error("passfile {path}: {reason}")]
    PassFile {
        /// The file.
        path: String,
        /// Why it is unusable.
        reason: String,
    },
    /// An invalid value of a parameter.
    #[error("{parameter} {wanted}")]
    Value {
        /// Its name.
        parameter: &'static str,
        /// What it must be.
        wanted: String,
    },
}

#[derive(Default)]
struct Parts {
    hosts: Option<String>,
    addresses: Option<String>,
    ports: Option<String>,
    user: Option<String>,
    password: Option<String>,
    pass_file: Option<String>,
    database: Option<String>,
    ssl_mode: Option<SslMode>,
    ssl_root_cert: Option<PathBuf>,
    options: Option<String>,
    connect_timeout: Option<Duration>,
    settings: BTreeMap<&'static str, String>,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let rest = text
            .strip_prefix("postgresql://")
            .or_else(|| text.strip_prefix("postgres://"))
            .ok_or_else(|| DatabaseUrlError::Scheme(scheme_of(text)))?;
        // As in libpq: the authority ends at the first / or ?, and its credentials at its first @.
        let (authority, rest) = match rest.find(['/', '?']) {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        };
        // If there is an @ only later, the text before it may be an incomplete password.
        let is_cut = !authority.contains('@') && rest.contains('@');
        read(authority, rest).map_err(|error| match error {
            DatabaseUrlError::Counts { .. } => error,
            _ if is_cut => DatabaseUrlError::NotEncoded,
            error => error,
        })
    }
}

fn read(authority: &str, rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    let mut parts = Parts::default();
    let address = match authority.split_once('@') {
        Some((credentials, address)) => {
            parts.credentials(credentials)?;
            address
        }
        None => authority,
    };
    if address.contains('@') {
        return Err(DatabaseUrlError::NotEncoded);
    }
    parts.address(address)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.contains('@') {
        return Err(DatabaseUrlError::NotEncoded);
    }
    if let Some(database) = path.strip_prefix('/').filter(|database| !database.is_empty()) {
        parts.database = Some(decode(database, "the database")?);
    }
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match parts.parameter(&decode(key, "a parameter")?, value) {
            // What looks like its name may be the rest of a password.
            Err(DatabaseUrlError::Parameter(_)) if query.contains('@') => {
                return Err(DatabaseUrlError::NotEncoded);
            }
            read => read?,
        }
    }
    parts.finish()
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

    /// `host`, `host:port`, or several of them separated by commas.
    fn address(&mut self, address: &str) -> Result<(), DatabaseUrlError> {
        let mut hosts = Vec::new();
        let mut ports = Vec::new();
        for one in address.split(',') {
            let (host, port) = if let Some(rest) = one.strip_prefix('[') {
                let (host, rest) = rest.split_once(']').ok_or(DatabaseUrlError::Bracket)?;
                (host, rest.strip_prefix(':').unwrap_or(rest))
            } else {
                one.split_once(':').unwrap_or((one, ""))
            };
            hosts.push(decode(host, "the host")?);
            ports.push(port);
        }
        if hosts.iter().any(|host| !host.is_empty()) {
            self.hosts = Some(hosts.join(","));
        }
        if ports.iter().any(|port| !port.is_empty()) {
            self.ports = Some(ports.join(","));
        }
        Ok(())
    }

    fn parameter(&mut self, key: &str, value: &str) -> Result<(), DatabaseUrlError> {
        match key {
            "host" => self.hosts = Some(decode(value, "host")?),
            "hostaddr" => self.addresses = Some(decode(value, "hostaddr")?),
            "port" => self.ports = Some(decode(value, "port")?),
            "user" => self.user = Some(decode(value, "user")?),
            "passfile" => self.pass_file = Some(decode(value, "passfile")?),
            "password" => self.password = Some(decode(value, "password")?),
            "dbname" => self.database = Some(decode(value, "dbname")?),
            "options" => self.options = Some(decode(value, "options")?),
            "sslrootcert" => self.ssl_root_cert = Some(decode(value, "sslrootcert")?.into()),
            "sslmode" => self.ssl_mode = Some(ssl_mode(&decode(value, "sslmode")?)?),
            // JDBC's notation, which libpq also accepts.
            "ssl" if value == "true" => self.ssl_mode = Some(SslMode::Require),
            "connect_timeout" => {
                let seconds: i64 = decode(value, "connect_timeout")?
                    .trim()
                    .parse()
                    .map_err(|_| refused("connect_timeout", "must be a whole number of seconds"))?;
                let seconds = u64::try_from(seconds).unwrap_or_default();
                self.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            _ => {
                let Some(parameter) = Parameter::named(key) else {
                    return Err(DatabaseUrlError::Parameter(key.to_owned()));
                };
                let value = decode(value, parameter.name)?;
                if let Some(wanted) = parameter.refuses(&value) {
                    return Err(DatabaseUrlError::Value { parameter: parameter.name, wanted });
                }
                if parameter.variable.is_some() {
                    self.settings.insert(parameter.name, value);
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<DatabaseUrl, DatabaseUrlError> {
        let servers = self.servers()?;
        let user = self.user.filter(|user| !user.is_empty()).ok_or(DatabaseUrlError::User)?;
        let is_system = self.ssl_root_cert.as_deref() == Some(Path::new("system"));
        let ssl_mode = match self.ssl_mode {
            // As in libpq since 16, because anybody can get a certificate from a public authority.
            None if is_system => SslMode::VerifyFull,
            Some(mode) if is_system && mode != SslMode::VerifyFull => {
                return Err(refused("sslmode", "must be verify-full with sslrootcert=system"));
            }
            mode => mode.unwrap_or(SslMode::Prefer),
        };
        let direct = self.settings.get("sslnegotiation").is_some_and(|value| value == "direct");
        if direct && matches!(ssl_mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
            return Err(refused(
                "sslmode",
                "must be require, verify-ca or verify-full with sslnegotiation=direct",
            ));
        }
        let peer = self.settings.get("requirepeer").is_some_and(|peer| !peer.is_empty());
        if peer && servers.iter().any(Server::is_unix_socket) {
            let reason = "is not supported: the owner of a unix socket's server is not looked at; keep \
                          others out of the socket's directory instead";
            return Err(refused("requirepeer", reason));
        }
        // libpq's default.
        let database = self.database.unwrap_or_else(|| user.clone());
        let password = match (self.password.filter(|password| !password.is_empty()), self.pass_file)
        {
            (None, Some(file)) if !file.is_empty() => {
                pass_file::password(&file, &servers, &database, &user)
                    .map_err(|reason| DatabaseUrlError::PassFile { path: file, reason })?
            }
            (password, _) => password,
        };
        Ok(DatabaseUrl {
            servers,
            database,
            user,
            password,
            ssl_mode,
            ssl_root_cert: self.ssl_root_cert,
            options: self.options,
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            settings: self.settings,
            lock_timeout: None,
        })
    }

    fn servers(&self) -> Result<Vec<Server>, DatabaseUrlError> {
        let list = |text: &Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(|one| one.trim().to_owned()).collect()
        };
        let addresses = list(&self.addresses);
        let mut hosts = list(&self.hosts);
        if hosts.is_empty() {
            hosts = if addresses.is_empty() { vec![String::new()] } else { addresses.clone() };
        }
        let ports = list(&self.ports);
        let counts = |others, what| DatabaseUrlError::Counts { hosts: hosts.len(), others, what };
        if !addresses.is_empty() && addresses.len() != hosts.len() {
            return Err(counts(addresses.len(), "addresses"));
        }
        if ports.len() > 1 && ports.len() != hosts.len() {
            return Err(counts(ports.len(), "ports"));
        }
        let server = |(index, host): (usize, &String)| {
            let address = addresses.get(index).filter(|address| !address.is_empty());
            let address = address.map(|address| address.parse()).transpose();
            let port = ports.get(index).or(ports.first()).filter(|port| !port.is_empty());
            let port = port.map_or(Ok(5432), |port| port.parse());
            Ok(Server {
                host: if host.is_empty() { "localhost".into() } else { host.clone() },
                address: address.map_err(|_| refused("hostaddr", "must be an IP address"))?,
                port: port.ok().filter(|port| *port > 0).ok_or(DatabaseUrlError::Port)?,
            })
        };
        hosts.iter().enumerate().map(server).collect()
    }
}

fn refused(parameter: &'static str, wanted: &str) -> DatabaseUrlError {
    DatabaseUrlError::Value { parameter, wanted: wanted.to_owned() }
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
            let wanted = "must be disable, allow, prefer, require, verify-ca or verify-full";
            return Err(refused("sslmode", wanted));
        }
    })
}

fn decode(text: &str, what: &'static str) -> Result<String, DatabaseUrlError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => Ok(decoded.into_owned()),
        _ => Err(DatabaseUrlError::Encoding(what)),
    }
}

/// Enough of an invalid URL to recognize it, but nothing that may contain a password.
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
    use proptest::prelude::*;

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
        assert!(socket.servers()[0].is_unix_socket());
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
            "postgresql://me:secret@host,other:1,2:x/db",
            "postgresql://me:p/secret@host/db",
            "postgresql://me:secret/p@host/db",
            "postgresql://me:7/secret@host/db?x=1",
            "postgresql://me:p?secret@host/db",
            "postgresql://me:p?sslmode=secret@host/db",
            "postgresql://me:p@secret@host/db",
            "postgresql://me:secret@host/db?keepalives=secret",
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

    /// URLs that providers issue today.
    #[test]
    fn what_libpq_takes_is_taken() {
        for parameters in [
            "sslmode=require&channel_binding=require",
            "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=5&tcp_user_timeout=0",
            "target_session_attrs=read-write&load_balance_hosts=disable",
            "gssencmode=disable&krbsrvname=postgres&gssdelegation=0",
            "sslcert=/c.crt&sslkey=/c.key&sslcrl=/c.crl&sslcertmode=allow&sslsni=1",
            "sslmode=require&sslnegotiation=direct&ssl_min_protocol_version=TLSv1.2",
            "application_name=app&fallback_application_name=b&client_encoding=UTF8&connect_timeout=-1",
            "ssl=true",
            "gssencmode=prefer&requirepeer=postgres&sslcrldir=/x",
            "host=/tmp&requirepeer=",
        ] {
            parse(&format!("postgresql://a:b@c/d?{parameters}"));
        }
        for (parameters, reason) in [
            ("channel_binding=maybe", "channel_binding must be disable or prefer or require"),
            ("keepalives=yes", "keepalives must be a whole number"),
            ("gssencmode=require", "gssencmode must be disable or prefer"),
            (
                "gssencmode=require",
                "gssencmode must be disable or prefer: connections are encrypted by TLS, not by Kerberos",
            ),
            (
                "sslcertmode=require",
                "sslcertmode must be disable or allow: whether the server asks",
            ),
            (
                "service=x",
                "service is not supported: write what the service's file says into the URL",
            ),
            ("require_auth=scram-sha-256", "require_auth is not supported: the server chooses"),
            ("host=/tmp&requirepeer=postgres", "requirepeer is not supported: the owner"),
            (
                "sslpassword=x",
                "sslpassword is not supported: the key of sslkey must not be encrypted",
            ),
            ("sslnegotiation=direct", "sslmode must be require"),
            ("sslrootcert=system&sslmode=require", "sslmode must be verify-full"),
            ("hostaddr=localhost", "hostaddr must be an IP address"),
            ("pgbouncer=true", "unknown parameter \"pgbouncer\""),
        ] {
            let error = format!("postgresql://a:b@c/d?{parameters}").parse::<DatabaseUrl>();
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn certificates_of_public_authorities_are_verified_whole() {
        let url = parse("postgresql://a@b/c?sslrootcert=system");
        assert_eq!(url.ssl_mode(), SslMode::VerifyFull);
        assert_eq!(parse("postgresql://a@b/c?sslrootcert=/x").ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn several_servers() {
        let shown = |text: &str| {
            let url = parse(text);
            let servers = url.servers().iter().map(|one| format!("{}:{}", one.host, one.port));
            servers.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("postgresql://me@a:1,b,[::1]:3/db"), "a:1 b:5432 ::1:3");
        assert_eq!(shown("postgresql://me@a,b/db?port=7"), "a:7 b:7");
        assert_eq!(shown("postgresql://me@/db?host=a,/tmp&port=1,2"), "a:1 /tmp:2");
        assert_eq!(shown("postgresql://me@/db?hostaddr=10.0.0.1"), "10.0.0.1:5432");
        assert_eq!(parse("postgresql://me@a:1,b:2/db").to_string(), "postgresql://me@a:1,b:2/db");
        for wrong in ["postgresql://me@a,b/db?port=1,2,3", "postgresql://me@a,b/db?hostaddr=::1"] {
            let error = wrong.parse::<DatabaseUrl>().unwrap_err();
            assert!(matches!(error, DatabaseUrlError::Counts { .. }), "{error}");
        }
        let url = parse("postgresql://me@other,localhost/db");
        assert!(url.same_database(&parse("postgresql://me@127.0.0.1/db")));
    }

    proptest! {
        /// No part of a password is ever repeated, whatever the input.
        #[test]
        fn no_password_is_repeated(
            before in "[a-z:/?@%=&#,\\[\\]]{0,6}",
            after in "[a-z:/?@%=&#,\\[\\]]{0,6}",
            scheme in "(postgres://|postgresql://|mysql://|)",
            rest in "(host|host:port|h,i|\\[::1|)(/db)?(\\?[a-z]{0,6}=[a-z]{0,3})?",
        ) {
            let text = format!("{scheme}me:{before}S3CRET{after}@{rest}");
            match text.parse::<DatabaseUrl>() {
                Err(error) => prop_assert!(!format!("{error} {error:?}").contains("S3CRET"), "{error}"),
                Ok(url) => prop_assert!(
                    url.password().is_some_and(|password| password.contains("S3CRET"))
                        || !url.to_string().contains("S3CRET"),
                    "{url}"
                ),
            }
        }

        #[test]
        fn any_password_can_be_written_percent_encoded(password in "\\PC{1,20}") {
            let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let url = parse(&format!("postgresql://me:{encoded}@host/db"));
            prop_assert_eq!(url.password(), Some(password.as_str()));
        }

        #[test]
        fn no_text_is_too_odd(text in "(postgres://)?\\PC{0,40}") {
            let _ = text.parse::<DatabaseUrl>();
        }
    }

    #[test]
    fn one_database_under_two_names() {
        let url = parse("postgresql://a:x@localhost/db");
        assert!(url.same_database(&parse("postgres://b@127.0.0.1:5432/db")));
        assert!(!url.same_database(&parse("postgres://a@localhost/db2")));
        assert!(!url.same_database(&parse("postgres://a@localhost:1/db")));
    }
}
