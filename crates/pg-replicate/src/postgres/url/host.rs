//! Host names, compared so that one host under several names is recognized: addresses are compared as
//! addresses, directories by their real path. Names are not resolved.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// A host in a comparable form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// This machine, by any name or address.
    Local,
    /// A directory of Unix sockets on this machine.
    Socket(PathBuf),
    /// An address; an IPv4 address mapped into IPv6 is treated as IPv4.
    Address(IpAddr),
    /// A name in lower case, without the root's dot.
    Name(String),
}

impl HostName {
    /// Parses `host`. An address may be in any form that the C library accepts: `127.1`, `0x7f.0.0.1`,
    /// `2130706433`.
    #[must_use]
    pub fn new(host: &str) -> Self {
        if host.starts_with('/') {
            return Self::Socket(real_path(Path::new(host)));
        }
        let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
        // A scope id may follow an IPv6 address.
        let plain = host.split('%').next().unwrap_or_default();
        let address = plain.parse().ok().or_else(|| inet_aton(plain).map(IpAddr::V4));
        match address {
            Some(address) => Self::from(address),
            None if host == "localhost"
                || host.ends_with(".localhost")
                || matches!(
                    host.as_str(),
                    "localhost.localdomain" | "ip6-localhost" | "ip6-loopback"
                ) =>
            {
                Self::Local
            }
            None => Self::Name(host),
        }
    }
}

impl From<IpAddr> for HostName {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        // Connecting to the unspecified address reaches this machine.
        if address.is_loopback() || address.is_unspecified() {
            Self::Local
        } else {
            Self::Address(address)
        }
    }
}

/// One to four numbers, decimal, octal or hexadecimal; the last one fills the remaining bytes.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let bits = 8 * (4 - first.len());
    let mut address = *last;
    if address >= 1_u64 << bits {
        return None;
    }
    for (index, part) in first.iter().enumerate() {
        address |= part << (24 - 8 * index);
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    digits
        .chars()
        .all(|one| one.is_digit(radix))
        .then(|| u64::from_str_radix(digits, radix).ok())?
}

/// A directory by its real path, with symbolic links resolved as far as it exists.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return rest.iter().rev().fold(real, |path, part| path.join(part));
        }
        rest.extend(ancestor.file_name());
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_has_many_names() {
        for local in [
            "localhost",
            "LOCALHOST.",
            "db.localhost",
            "127.0.0.1",
            "127.0.0.2",
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "017700000001",
            "::1",
            "0:0:0:0:0:0:0:1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "0.0.0.0",
            "0",
            "::",
        ] {
            assert_eq!(HostName::new(local), HostName::Local, "{local}");
        }
        let ten = HostName::Address("10.0.0.1".parse().unwrap());
        for text in ["10.0.0.1", "10.1", "0xa.0.0.1", "167772161", "::ffff:10.0.0.1", "012.0.0.1"] {
            assert_eq!(HostName::new(text), ten, "{text}");
        }
        for name in [
            "db",
            "1db",
            "10.0.0.0.1",
            "256.1",
            "10.16777216",
            "4294967296",
            "08",
            "0x",
            "a.1",
            "10..1",
            "",
        ] {
            assert_eq!(HostName::new(name), HostName::Name(name.to_owned()), "{name}");
        }
        assert_eq!(HostName::new("Db.Example.COM."), HostName::Name("db.example.com".into()));
        assert_eq!(HostName::new("fe80::1%eth0"), HostName::new("fe80:0::1"));
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_where_it_would_be() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("data")).unwrap();
        std::os::unix::fs::symlink(real.join("data"), real.join("link")).unwrap();
        assert_eq!(real_path(&real.join("link/new/one")), real.join("data/new/one"));
        assert_eq!(real_path(&real.join("link")), real.join("data"));
        let host = |name: &str| HostName::new(&real.join(name).display().to_string());
        assert_eq!(host("link"), host("data"));
    }
}
