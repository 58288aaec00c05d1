//! Location of Redis: one server, or the master that sentinels name.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use redis::IntoConnectionInfo;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

/// The default port of sentinels.
const SENTINEL_PORT: u16 = 26379;

const EXPECTED: &str = "expected redis://user:password@host:6379/0, rediss://… (TLS), or \
                      redis+sentinel://user:password@host:26379,host:26379/service/0";

/// An invalid Redis URL; the error never contains the URL, which may include a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {EXPECTED}")]
pub struct RedisUrlError {
    reason: String,
}

/// A Redis URL: `redis://`, `rediss://` (TLS), `redis+unix://`, or
/// `redis+sentinel://[user:password@]host[:port][,host[:port]…]/service[/database]` (`rediss+sentinel://`:
/// TLS to the master). User and password are the master's.
///
/// Its password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    text: String,
    shown: String,
    pub(crate) place: Place,
    pub(crate) trust: Trust,
}

/// Which certificates a TLS connection accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Certificates signed by one of the system's authorities.
    #[default]
    System,
    /// Certificates signed by one of these authorities, given in PEM format.
    Authorities(Vec<u8>),
    /// Any certificate. The connection is encrypted, but whoever answers in the server's place gets the
    /// password and can read and change everything.
    Anybody,
}

impl Trust {
    /// The authorities in a file in PEM format.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn authorities(pem: Vec<u8>) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            certificate
                .map_err(|error| error.to_string())
                .and_then(|certificate| store.add(certificate).map_err(|error| error.to_string()))
                .map_err(|error| format!("it holds a certificate that cannot be read: {error}"))?;
        }
        if store.is_empty() {
            return Err(
                "it holds no certificate in PEM format (-----BEGIN CERTIFICATE-----)".into()
            );
        }
        Ok(Self::Authorities(pem))
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A server, whose URL the client understands.
    Server,
    /// Sentinels to ask for the master.
    Sentinels(Sentinels),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sentinels {
    pub(crate) hosts: Vec<(String, u16)>,
    pub(crate) service: String,
    pub(crate) database: i64,
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

impl RedisUrl {
    /// The URL including its password, only for connecting.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.text
    }

    /// The same location with another rule for certificates.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.text.starts_with("rediss")
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let text = text.trim();
        let sentinel = [("redis+sentinel://", false), ("rediss+sentinel://", true)];
        for (scheme, tls) in sentinel {
            if let Some(rest) = text.strip_prefix(scheme) {
                return sentinels(text, scheme, rest, tls);
            }
        }
        server(text)
    }
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, RedisUrlError> {
    Err(RedisUrlError { reason: reason.into() })
}

fn server(text: &str) -> Result<RedisUrl, RedisUrlError> {
    let Ok(mut url) = Url::parse(text) else { return wrong("not a URL") };
    if !matches!(url.scheme(), "redis" | "rediss" | "unix" | "redis+unix") {
        return wrong(format!("{}:// is not a scheme of Redis", url.scheme()));
    }
    if let Err(error) = text.into_connection_info() {
        return wrong(error.detail().map_or_else(|| error.to_string(), str::to_owned));
    }
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return wrong("a password without a host");
    }
    url.set_query(None);
    url.set_fragment(None);
    let trust = if text.ends_with("#insecure") { Trust::Anybody } else { Trust::System };
    Ok(RedisUrl { text: text.to_owned(), shown: url.to_string(), place: Place::Server, trust })
}

fn sentinels(text: &str, scheme: &str, rest: &str, tls: bool) -> Result<RedisUrl, RedisUrlError> {
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let Some((hosts, path)) = rest.split_once('/') else {
        return wrong("the service's name is missing");
    };
    let (service, database) = path.split_once('/').unwrap_or((path, "0"));
    if service.is_empty() {
        return wrong("the service's name is missing");
    }
    let Ok(database) = database.parse() else {
        return wrong(format!("the database is {database:?}, not a number"));
    };
    let (user, password) = match credentials.map(|text| text.split_once(':').unwrap_or((text, "")))
    {
        Some((user, password)) => (decoded(user)?, decoded(password)?),
        None => (None, None),
    };
    let hosts = hosts.split(',').map(address).collect::<Result<_, _>>()?;
    let user_shown = credentials.and_then(|text| text.split(':').next()).unwrap_or_default();
    let shown = match credentials {
        Some(_) => format!("{scheme}{user_shown}:***@{rest}"),
        None => text.to_owned(),
    };
    let place = Sentinels { hosts, service: service.to_owned(), database, tls, user, password };
    let (place, trust) = (Place::Sentinels(place), Trust::System);
    Ok(RedisUrl { text: text.to_owned(), shown, place, trust })
}

fn address(text: &str) -> Result<(String, u16), RedisUrlError> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, port),
            Err(_) => {
                return wrong(format!(
                    "the port of a sentinel is {port:?}, not a number from 0 to 65535"
                ));
            }
        },
        None => (text, SENTINEL_PORT),
    };
    if host.is_empty() { wrong("a sentinel has no host") } else { Ok((host.to_owned(), port)) }
}

fn decoded(text: &str) -> Result<Option<String>, RedisUrlError> {
    if text.is_empty() {
        return Ok(None);
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(Some(text.into_owned())),
        Err(_) => wrong("user or password is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match text.parse::<RedisUrl>() {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "rediss://u:s3cret@h:6380/1",
            "redis://:s3cret@h",
            "redis://h/0?password=s3cret",
            "s3cret without a scheme",
            "https://u:s3cret@h",
            "redis+sentinel://u:s3cret@a,b:1/mymaster",
            "redis+sentinel://:s3cret@a/",
            "rediss+sentinel://u:s3cret@a:x/mymaster",
        ] {
            assert!(!shown(text).contains("s3cret"), "{}", shown(text));
        }
        assert!(shown("rediss://u:s3cret@h:6380/1").starts_with("rediss://u:***@h:6380/1 "));
        assert!(shown("redis://127.0.0.1:6379").starts_with("redis://127.0.0.1:6379 "));
    }

    #[test]
    fn sentinels_are_read() {
        let url: RedisUrl = "rediss+sentinel://me:p%40ss@one:26380,two/night/3".parse().unwrap();
        let Place::Sentinels(place) = &url.place else { panic!("sentinels") };
        assert_eq!(place.hosts, [("one".to_owned(), 26380), ("two".to_owned(), SENTINEL_PORT)]);
        assert_eq!((place.service.as_str(), place.database, place.tls), ("night", 3, true));
        assert_eq!(place.user.as_deref(), Some("me"));
        assert_eq!(place.password.as_deref(), Some("p@ss"));
        assert_eq!(url.to_string(), "rediss+sentinel://me:***@one:26380,two/night/3");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, reason) in [
            ("http://h", "http:// is not a scheme of Redis"),
            ("redis+sentinel://h:26379", "the service's name is missing"),
            ("redis+sentinel://h:no/s", "\"no\", not a number"),
            ("redis+sentinel://h/s/db", "\"db\", not a number"),
        ] {
            let error = text.parse::<RedisUrl>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("expected redis://"), "{error}");
        }
    }
}
