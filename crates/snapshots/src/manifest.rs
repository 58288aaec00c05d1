//! What a snapshot says of itself.
//!
//! Beside an encrypted archive it is readable by everyone who may read the store: it names tables and their
//! columns' definitions by hash alone, counts rows and holds one hash per table. No value of a row can be told
//! from these, unless a table has so few possible contents that all of them can be tried.

use chrono::{DateTime, Utc};
use pg_replicate::database_snapshot::DumpFormat;
use pg_replicate::fingerprint::ContentHash;
use serde::{Deserialize, Serialize};

/// The only format there is so far.
pub(crate) const FORMAT: u32 = 1;

/// The manifest's name in the archive.
pub(crate) const MANIFEST: &str = "manifest.json";

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this description.
    pub format: u32,
    /// The database's name.
    pub database: String,
    /// The moment that the dump and the hashes are of.
    pub taken_at: DateTime<Utc>,
    /// Who made it.
    pub versions: Versions,
    /// How the dump is written.
    pub dump: DumpFormat,
    /// The tables whose changes count, sorted.
    pub tables: Vec<TableState>,
    /// The archive's files but for the manifest, the dump first.
    pub files: Vec<FileState>,
}

/// Who made a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The server, such as `15.18 (Debian 15.18-1)`.
    pub server: String,
    /// pg_dump, as it names itself.
    pub pg_dump: String,
    /// This program.
    pub program: String,
}

/// A table at the moment of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableState {
    /// Its schema.
    pub schema: String,
    /// Its name; of a partitioned table, its partitions' names too.
    pub name: String,
    /// How many rows it had.
    pub rows: u64,
    /// Of its rows, in whatever order.
    pub hash: ContentHash,
    /// The SHA-256 of its columns, constraints, indexes and triggers, in hexadecimal digits.
    pub definition: String,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Its name in the archive, or the archive's.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// The rows of all its tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// The object beside an archive. It is written when the archive stands there whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    /// The archive as it stands in the store.
    pub(crate) archive: FileState,
    pub(crate) manifest: Manifest,
}

/// What every format has.
#[derive(Deserialize)]
struct Any {
    manifest: AnyManifest,
}

#[derive(Deserialize)]
struct AnyManifest {
    format: u32,
}

impl Sidecar {
    /// Reads it, or tells why it cannot be used.
    pub(crate) fn read(json: &[u8]) -> Result<Self, String> {
        let any: Any = serde_json::from_slice(json)
            .map_err(|error| format!("its manifest cannot be read: {error}"))?;
        if any.manifest.format != FORMAT {
            return Err(format!(
                "its manifest has format {}, and this program knows format {FORMAT} alone: use the version \
                 of it that made the snapshot, or a newer one",
                any.manifest.format
            ));
        }
        serde_json::from_slice(json)
            .map_err(|error| format!("its manifest cannot be read: {error}"))
    }
}

/// The dump's name in the archive.
pub(crate) fn dump_name(format: DumpFormat) -> &'static str {
    match format {
        DumpFormat::Custom => "database.dump",
        DumpFormat::Plain => "database.sql",
    }
}
