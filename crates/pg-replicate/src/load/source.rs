//! Sources of a load.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::DatabaseUrl;

/// The name of standard input on the command line.
pub(super) const STANDARD_INPUT: &str = "-";

/// A source of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadSource {
    /// Another database, read in one snapshot.
    Database(DatabaseUrl),
    /// An archive in pg_dump's custom format.
    Dump(PathBuf),
    /// An SQL script, including rows of COPY, as written by pg_dump or read by psql.
    Script(PathBuf),
    /// One of these formats from something that can be read only once: standard input (`-`), a pipe, a
    /// device.
    Stream(PathBuf),
}

/// `postgres://…` and `postgresql://…` are databases, `-` is standard input; anything else is a file whose
/// format is recognized by its first bytes.
impl FromStr for LoadSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Database).map_err(|error| format!("{error}"));
        }
        let path = PathBuf::from(text);
        // Its first bytes would be missing later.
        let is_stream = || path.metadata().is_ok_and(|file| !file.is_file() && !file.is_dir());
        if text == STANDARD_INPUT || is_stream() {
            return Ok(Self::Stream(path));
        }
        if path.is_dir() {
            return Err(format!(
                "{text} is a directory; expected a database's URL, an SQL file or a dump of pg_dump --format=custom"
            ));
        }
        of_file(path, text)
    }
}

/// An existing file in the format shown by its first bytes; `name` is for people.
pub(super) fn of_file(path: PathBuf, name: &str) -> Result<LoadSource, String> {
    let start = first_bytes(&path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let is_tar = start.starts_with(b"toc.dat\0");
    if start.starts_with(b"PGDMP") {
        Ok(LoadSource::Dump(path))
    } else if start.starts_with(&[0x1f, 0x8b]) {
        Err(format!("{name} is compressed: unpack it first (gunzip)"))
    } else if is_tar {
        Err(format!("{name} is a tar archive: make the dump with pg_dump --format=custom"))
    } else {
        Ok(LoadSource::Script(path))
    }
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(8).read_to_end(&mut start)?;
    Ok(start)
}

/// For people, without passwords.
impl fmt::Display for LoadSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(url) => write!(formatter, "{url}"),
            Self::Stream(path) if path.as_os_str() == STANDARD_INPUT => {
                formatter.write_str("standard input")
            }
            Self::Dump(path) | Self::Script(path) | Self::Stream(path) => {
                write!(formatter, "{}", path.display())
            }
        }
    }
}
