//! Manifest of a snapshot.
//!
//! The copy next to an encrypted archive can be read by everyone who can read the store. It contains table
//! names, hashes of definitions, row counts and one hash per table. Values cannot be derived from these,
//! unless a table has so few possible contents that all of them can be tried.

use chrono::{DateTime, Utc};
use pg_replicate::database_snapshot::DumpFormat;
use pg_replicate::fingerprint::ContentHash;
use serde::{Deserialize, Serialize};

/// The only format version so far.
pub(crate) const FORMAT: u32 = 1;

/// The manifest's name in the archive.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The content of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The database's name.
    pub database: String,
    /// The time of the database snapshot used for the dump and the hashes.
    pub taken_at: DateTime<Utc>,
    /// The versions of the programs that made it.
    pub versions: Versions,
    /// The format of the dump.
    pub dump: DumpFormat,
    /// The tables whose changes count, sorted.
    pub tables: Vec<TableState>,
    /// The archive's files except the manifest, the dump first.
    pub files: Vec<FileState>,
}

/// Versions of the programs that made a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The server, such as `15.18 (Debian 15.18-1)`.
    pub server: String,
    /// The version of pg_dump, as it prints it.
    pub pg_dump: String,
    /// The version of this program.
    pub program: String,
}

/// A table at the moment of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableState {
    /// Its schema.
    pub schema: String,
    /// Its name; for a partitioned table, it represents its partitions too.
    pub name: String,
    /// Its number of rows.
    pub rows: u64,
    /// Hash of its rows, independent of their order.
    pub hash: ContentHash,
    /// SHA-256 of its columns, constraints, indexes and triggers, in hexadecimal digits.
    pub definition: String,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Its name in the archive, or the name of the archive.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// The total number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// The object next to an archive, written when the archive is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    /// The archive as it is in the store.
    pub(crate) archive: FileState,
    pub(crate) manifest: Manifest,
}

/// The part common to all format versions.
#[derive(Deserialize)]
struct Any {
    manifest: AnyManifest,
}

#[derive(Deserialize)]
struct AnyManifest {
    format: u32,
}

impl Sidecar {
    /// Reads it, or returns why it cannot be used.
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
