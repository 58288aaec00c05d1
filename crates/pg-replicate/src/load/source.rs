//! Where data comes from.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::DatabaseUrl;

/// Where data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadSource {
    /// Another database, read in one snapshot.
    Database(DatabaseUrl),
    /// An archive of pg_dump's custom format.
    Dump(PathBuf),
    /// Statements, with the rows of COPY among them: what pg_dump writes, or what psql reads.
    Script(PathBuf),
}

/// `postgres://…` and `postgresql://…` are databases; anything else is a file, told by its first bytes.
impl FromStr for LoadSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Database).map_err(|error| format!("{error}"));
        }
        let path = PathBuf::from(text);
        if path.is_dir() {
            return Err(format!(
                "{text} is a directory: a database's URL, an SQL file or a dump of pg_dump --format=custom is wanted"
            ));
        }
        let start =
            first_bytes(&path).map_err(|error| format!("{text} cannot be read: {error}"))?;
        let is_tar = start.starts_with(b"toc.dat\0");
        if start.starts_with(b"PGDMP") {
            Ok(Self::Dump(path))
        } else if start.starts_with(&[0x1f, 0x8b]) {
            Err(format!("{text} is compressed: unpack it first (gunzip)"))
        } else if is_tar {
            Err(format!("{text} is a tar archive: make the dump with pg_dump --format=custom"))
        } else {
            Ok(Self::Script(path))
        }
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
            Self::Dump(path) | Self::Script(path) => write!(formatter, "{}", path.display()),
        }
    }
}
