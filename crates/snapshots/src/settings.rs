//! What is taken, how, and where it is kept.

use std::path::PathBuf;

use age::x25519::Recipient;
use object_stores::ObjectPlace;
use pg_replicate::TableName;
use pg_replicate::database_snapshot::DumpFormat;

use crate::{Fixture, Pattern, RetentionPolicy};

/// What [`take`](crate::take) does with a database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Below this prefix the snapshots stand. Objects there that are none of ours stay untouched.
    pub store: ObjectPlace,
    /// How pg_dump writes the dump.
    pub format: DumpFormat,
    /// How the archive is compressed.
    pub compression: Compression,
    /// The tables whose changes count.
    pub tables: Watched,
    /// The tables that the archive also has as fixtures of Django.
    pub fixtures: Vec<Fixture>,
    /// How many snapshots stay.
    pub keep: RetentionPolicy,
    /// Whether the newest archive is also there by a name that stays the same.
    pub latest_archive: bool,
    /// Who can decrypt the archive; nobody encrypts without one.
    pub recipients: Vec<Recipient>,
    /// Where the dump stands until it is packed.
    pub directory: PathBuf,
    /// Tables that are read at once, at least 1.
    pub jobs: u16,
}

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// `.tar.gz`, which everything reads.
    Gzip,
    /// `.tar.zst`, which is smaller and made faster.
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

/// The tables whose changes count. The dump holds the others too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// These alone; all when it is empty.
    pub only: Vec<Pattern>,
    /// Not these.
    pub ignore: Vec<Pattern>,
}

impl Watched {
    /// Whether changes of `table` count. A partition goes by the name of the table that is partitioned, `root`,
    /// as well as by its own.
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
