//! `PROTECTED_HOSTS`: what must never be written, whatever the other variables say.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use media_sync::{Kind, Side};
use pg_replicate::{DatabaseUrl, HostName, Server, real_path};

use pipeline::config::Findings;
use pipeline::config::variable::{Variable, value};

const EXPECTED: &str = "entries must be host, host:port, *.example.com, host/database, bucket, bucket/prefix or \
                      /directory, separated by commas";

/// Every entry of the variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Protected(Vec<Entry>);

/// One entry, as `*.example.com:5432/app`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    text: String,
    host: Host,
    port: Option<u16>,
    path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Exact(HostName),
    /// Everything below a domain, as `.example.com`.
    Below(String),
    /// A directory has no host.
    None,
}

/// The parser of the variable.
pub(crate) fn protected() -> Variable<Protected> {
    value(|given| given.text.parse())
}

impl FromStr for Protected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        let read = texts.enumerate().map(|(index, text)| {
            text.parse().map_err(|reason: String| format!("entry {}: {reason}", index + 1))
        });
        let (entries, problems): (Vec<Result<_, _>>, Vec<_>) = read.partition(Result::is_ok);
        let problems: Vec<String> = problems.into_iter().filter_map(Result::err).collect();
        match problems.as_slice() {
            [] if entries.is_empty() && !text.is_empty() => {
                Err(format!("names nothing to protect: {EXPECTED}"))
            }
            [] => Ok(Self(entries.into_iter().flatten().collect())),
            problems => Err(format!("{}: {EXPECTED}", problems.join("; "))),
        }
    }
}

impl Protected {
    /// Why `url` must not be written, if it must not.
    pub(crate) fn refuses_database(&self, url: &DatabaseUrl) -> Option<String> {
        let is_named = |entry: &Entry, server: &Server| {
            server.names().any(|name| match (&entry.host, &name) {
                (Host::None, HostName::Socket(directory)) => entry.holds(directory),
                // A socket's directory is this machine.
                (_, HostName::Socket(_)) => entry.has_host(&HostName::Local),
                _ => {
                    entry.has_host(&name)
                        && entry.path.as_deref().is_none_or(|path| path == url.database())
                }
            }) && entry.port.is_none_or(|port| port == server.port)
        };
        let entry = self
            .0
            .iter()
            .find(|entry| url.servers().iter().any(|server| is_named(entry, server)))?;
        Some(entry.refusal(url, "database"))
    }
}

impl Protected {
    /// Why the store of `side` must not be written, if it must not.
    pub(crate) fn refuses_store(&self, side: &Side) -> Option<String> {
        let place = |entry: &Entry, path: &str| {
            entry.path.as_deref().is_none_or(|wanted| touches(wanted, path))
        };
        let with_bucket = format!("{}/{}", side.bucket(), side.path());
        let entry = self.0.iter().find(|entry| {
            if side.kind() == Kind::File {
                let directory = format!("/{}", side.path());
                return entry.host == Host::None && entry.holds(Path::new(&directory));
            }
            let bucket = HostName::new(side.bucket());
            let is_bucket = entry.port.is_none() && entry.has_host(&bucket);
            (is_bucket && place(entry, side.path()))
                || side.endpoints().any(|(host, port)| {
                    entry.has_host(&HostName::new(&host))
                        && (entry.port.is_none() || entry.port == port)
                        && place(entry, &with_bucket)
                })
        })?;
        let target = match side.kind() {
            Kind::File => format!("/{}", side.path()),
            _ => with_bucket.trim_end_matches('/').to_owned(),
        };
        Some(entry.refusal(&target, "place"))
    }
}

/// Whether one of two paths is the other, or within it.
fn touches(one: &str, other: &str) -> bool {
    let is_within = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| other.is_empty() || rest.is_empty() || rest.starts_with('/'))
    };
    let (one, other) = (one.trim_matches('/'), other.trim_matches('/'));
    is_within(one, other) || is_within(other, one)
}

impl Protected {
    /// Rejects a database that is protected, or that another variable names: what is read must not be
    /// written as well.
    pub(crate) fn guard_database(
        &self,
        findings: &mut Findings,
        variable: &str,
        target: &DatabaseUrl,
        others: &[(&str, &DatabaseUrl)],
    ) -> Option<()> {
        let reason = self.refuses_database(target).or_else(|| {
            let (other, _) = others.iter().find(|(_, url)| url.same_database(target))?;
            Some(format!(
                "{target} is the database of {other}, whose rows would be lost; name another database"
            ))
        });
        reason.map_or(Some(()), |reason| findings.wrong(variable, None, reason))
    }
}

impl Entry {
    fn has_host(&self, host: &HostName) -> bool {
        match (&self.host, host) {
            (Host::Exact(wanted), host) => wanted == host,
            (Host::Below(domain), HostName::Name(name)) => name.ends_with(domain.as_str()),
            _ => false,
        }
    }

    /// Whether one of a directory and the entry's is within the other, symbolic links followed.
    fn holds(&self, directory: &Path) -> bool {
        let directory = real_path(directory);
        self.path.as_deref().is_some_and(|path| {
            let own = real_path(&Path::new("/").join(path));
            own.starts_with(&directory) || directory.starts_with(&own)
        })
    }

    fn refusal(&self, target: &impl fmt::Display, what: &str) -> String {
        format!(
            "{target} is protected by PROTECTED_HOSTS (\"{}\") and must never be written: name another \
             {what}, or remove the entry if it is not production",
            self.text
        )
    }
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") || text.contains('@') {
            // A URL may hold a password, and says more than is compared.
            return Err("must be a host, not a URL".into());
        }
        if text.contains([';', '|', '"', '\'']) || text.chars().any(char::is_control) {
            return Err("holds a character that no host or bucket has".into());
        }
        let (address, path) = match text.split_once('/') {
            Some((address, path)) => (address, Some(path.trim_matches('/').to_owned())),
            None => (text, None),
        };
        let path = path.filter(|path| !path.is_empty());
        if path.as_deref().is_some_and(|path| path.contains('*')) {
            return Err("a database, prefix or directory must be written out, without *".into());
        }
        if address.is_empty() {
            let path = path.ok_or("names nothing")?;
            return Ok(Self { text: text.into(), host: Host::None, port: None, path: Some(path) });
        }
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) if rest.is_empty() || rest.starts_with(':') => {
                (host, rest.strip_prefix(':'))
            }
            Some(_) => return Err("a port must follow the ] with a colon".into()),
            // Without brackets, an address of IPv6 has no port.
            None if address.matches(':').count() > 1 => (address, None),
            None => match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err("the port must be from 1 to 65535".into()),
        };
        let host = match host.strip_prefix('*') {
            Some(domain) => {
                let name = domain.trim_end_matches('.').to_ascii_lowercase();
                if !name.starts_with('.') || !is_name(&name[1..]) {
                    return Err(
                        "a * can only replace a host's first names, as in *.example.com".into()
                    );
                }
                Host::Below(name)
            }
            None => match HostName::new(host) {
                HostName::Name(name) if !is_name(&name) => {
                    return Err("must be a host, an address or a bucket".into());
                }
                HostName::Address(_) | HostName::Local
                    if path.as_deref().is_some_and(|path| {
                        host.contains(['.', ':'])
                            && path.parse::<u8>().is_ok_and(|bits| bits <= 128)
                    }) =>
                {
                    return Err("networks are not compared: write out each address".into());
                }
                name => Host::Exact(name),
            },
        };
        Ok(Self { text: text.into(), host, port, path })
    }
}

/// Whether a text can be the name of a host or of a bucket. A name of numbers alone is an address,
/// and a wrong one here.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|one| one.is_alphanumeric() || matches!(one, '-' | '_'))
    };
    let is_numeric = name.chars().all(|one| one.is_ascii_digit() || one == '.');
    name.split('.').all(is_label) && !is_numeric
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(entries: &str, url: &str) -> bool {
        let entries = entries.split(',').map(|entry| entry.trim().parse().unwrap()).collect();
        Protected(entries).refuses_database(&url.parse().unwrap()).is_some()
    }

    #[test]
    fn databases_are_told_apart_by_host_port_and_name() {
        let url = "postgres://me:s3cret@Db.Example.com:5433/app";
        for entry in [
            "db.example.com",
            "DB.example.COM.",
            "db.example.com:5433",
            "db.example.com/app",
            "db.example.com:5433/app",
            "*.example.com",
            "*.com/app",
            "other.net, *.example.com",
        ] {
            assert!(refused(entry, url), "{entry}");
        }
        for entry in [
            "example.com",
            "db.example.com:5432",
            "db.example.com/other",
            "*.other.com",
            "*.db.example.com",
            "b.example.com",
            "/app",
        ] {
            assert!(!refused(entry, url), "{entry}");
        }
        assert!(!refused("*.example.com", "postgres://me@badexample.com/app"));
    }

    #[test]
    fn buckets_and_directories_are_told_apart_by_their_paths() {
        let refused = |entry: &str, url: &str| {
            let endpoint =
                ("AWS_ENDPOINT_URL".to_owned(), "https://minio.example.com:9000".to_owned());
            let side = Side::new(url, "MEDIA_TARGET_", [endpoint]).unwrap();
            Protected(vec![entry.parse().unwrap()]).refuses_store(&side).is_some()
        };
        let url = "s3://shop-media/production/store";
        for entry in [
            "shop-media",
            "shop-media/production",
            "shop-media/production/store/",
            "shop-media/production/store/photos",
            "minio.example.com",
            "*.example.com",
            "minio.example.com:9000/shop-media",
        ] {
            assert!(refused(entry, url), "{entry}");
        }
        for entry in [
            "shop",
            "shop-media/prod",
            "shop-media/staging",
            "shop-media:443",
            "minio.example.com:443",
            "minio.example.com/other",
            "/production/store",
        ] {
            assert!(!refused(entry, url), "{entry}");
        }
        let url = "file:///srv/media/staging";
        for entry in ["/srv/media", "/srv/media/staging", "/srv/media/staging/photos/"] {
            assert!(refused(entry, url), "{entry}");
        }
        for entry in ["/srv/media/production", "/srv/medi", "srv", "*.srv"] {
            assert!(!refused(entry, url), "{entry}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for url in [
            "postgres://me@localhost/app",
            "postgres://me@127.0.0.1/app",
            "postgres://me@[::1]/app",
            "postgres://me@/app?host=/var/run/postgresql",
        ] {
            for entry in
                ["localhost", "127.0.0.1", "[::1]:5432", "127.1", "0.0.0.0", "0x7f.1", "2130706433"]
            {
                assert!(refused(entry, url), "{entry} {url}");
            }
        }
        for url in [
            "postgres://me@127.0.0.1/app",
            "postgres://me@127.0.0.2/app",
            "postgres://me@127.1/app",
            "postgres://me@[::ffff:127.0.0.1]/app",
            "postgres://me@0.0.0.0/app",
            "postgres://me@other.net,localhost/app",
            "postgres://me@other.net/app?hostaddr=127.0.0.1",
        ] {
            assert!(refused("localhost/app", url), "{url}");
        }
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        for url in ["10.0.0.7", "[::ffff:10.0.0.7]", "10.7", "0xa.0.0.7", "167772167"] {
            for entry in ["10.0.0.7", "::ffff:10.0.0.7", "[::ffff:a00:7]:5432", "10.7", "012.0.0.7"]
            {
                assert!(refused(entry, &format!("postgres://me@{url}/app")), "{entry} {url}");
            }
        }
        assert!(refused("2001:db8::1", "postgres://me@[2001:0db8:0::0001]/app"));
        assert!(!refused("10.0.0.7", "postgres://me@10.0.0.8/app"));
    }

    #[test]
    fn directories_are_compared_by_their_real_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::create_dir(path("production")).unwrap();
        std::os::unix::fs::symlink(path("production"), path("staging")).unwrap();
        let refused_store = |entry: &str, target: &str| {
            let side = Side::new(&format!("file://{target}"), "MEDIA_TARGET_", []).unwrap();
            Protected(vec![entry.parse().unwrap()]).refuses_store(&side).is_some()
        };
        assert!(refused_store(&path("production"), &path("staging/new")));
        assert!(refused_store(&path("staging"), &path("production")));
        assert!(!refused_store(&path("production"), &path("other")));
        let socket = |name: &str| format!("postgres://me@/app?host={}", path(name));
        assert!(refused(&path("production"), &socket("staging")));
        assert!(!refused(&path("production"), &socket("other")));
    }

    #[test]
    fn an_entry_that_protects_nothing_is_refused() {
        for entry in [
            "*",
            "*.",
            "*example.com",
            "db.*.com",
            "db.example.com:0",
            "db:x",
            "/",
            "postgres://db/app",
            "a b",
            "127.0.0.1;10.0.0.1",
            "127.0.0.1 10.0.0.1",
            "10.0.0.0/8",
            "2001:db8::/32",
            "256.0.0.1",
            "10.0.0.0.1",
            "db..example.com",
            "db.example.com|other",
            "'db.example.com'",
            "[::1",
            "[::1]5432",
            "host/*",
            "u:pw@h",
        ] {
            assert!(entry.parse::<Entry>().is_err(), "{entry}");
        }
    }
}
