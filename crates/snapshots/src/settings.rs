//! Settings: what is dumped, how, and where it is stored.

use std::path::PathBuf;

use age::x25519::Recipient;
use object_stores::ObjectPlace;
use pg_replicate::TableName;
use pg_replicate::database_snapshot::DumpFormat;

use crate::{Fixture, Pattern, RetentionPolicy};

/// What [`take`](crate::take) does with a database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The prefix in the store. Objects below it that are not snapshots are not touched.
    pub store: ObjectPlace,
    /// The format of the dump.
    pub format: DumpFormat,
    /// The compression of the archive.
    pub compression: Compression,
    /// The tables whose changes count.
    pub tables: Watched,
    /// The tables that are also stored as fixtures for Django.
    pub fixtures: Vec<Fixture>,
    /// The retention policy.
    pub keep: RetentionPolicy,
    /// Whether the newest archive also has a fixed name.
    pub latest_archive: bool,
    /// The recipients who can decrypt the archive; without any, it is not encrypted.
    pub recipients: Vec<Recipient>,
    /// Directory of the dump until it is packed.
    pub directory: PathBuf,
    /// Number of tables read in parallel, at least 1.
    pub jobs: u16,
}

/// Compression of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// `.tar.gz`, which every system can read.
    Gzip,
    /// `.tar.zst`, which is smaller and faster.
    #[default]
    Zstd,
}

impl Compression {
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }
}

/// The tables whose changes count. The dump also contains the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// Only these; all tables if empty.
    pub only: Vec<Pattern>,
    /// Except these.
    pub ignore: Vec<Pattern>,
}

impl Watched {
    /// Whether changes of `table` count. A partition can be matched by its own name and by that of the
    /// partitioned table `root`.
    #[must_use]
    pub fn contains(&self, table: &TableName, root: &TableName) -> bool {
        let is_among = |patterns: &[Pattern]| {
            patterns.iter().any(|one| one.matches(table) || one.matches(root))
        };
        (self.only.is_empty() || is_among(&self.only)) && !is_among(&self.ignore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watched_tables() {
        let patterns = |texts: &[&str]| -> Vec<Pattern> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let users = TableName::new("public", "users");
        let sessions = TableName::new("public", "user_sessions");
        let all = Watched::default();
        assert!(all.contains(&users, &users) && all.contains(&sessions, &sessions));
        let some = Watched { only: patterns(&["user*"]), ignore: patterns(&["*_sessions"]) };
        assert!(some.contains(&users, &users) && !some.contains(&sessions, &sessions));
        let answers = TableName::new("public", "answers");
        assert!(!some.contains(&answers, &answers));
        // Partitions.
        assert!(some.contains(&answers, &users) && some.contains(&users, &answers));
        assert!(!some.contains(&users, &sessions) && !some.contains(&sessions, &users));
    }
}
