//! Database snapshots: dumps that are taken if the data has changed, then packed, encrypted, stored in an
//! object store, and pruned.
//!
//! [`take`] compares the watched tables with the newest good snapshot's manifest. If they differ, it dumps
//! the database from the same database snapshot that was compared. An archive counts once its manifest,
//! which is written afterwards, is next to it. [`list`] lists the snapshots; [`fetch`] downloads one and
//! compares every file with the manifest.
//!
//! Independent of queues, steps and environment variables. README.md describes the guarantees and their
//! limits.

mod changes;
mod entry;
mod error;
mod fetch;
mod fixtures;
mod hashing_reader;
mod inventory;
mod latest;
mod manifest;
mod name;
mod pack;
mod pattern;
mod progress;
mod prune;
mod publish;
mod retention_policy;
mod selector;
mod settings;
mod space;
mod stale_uploads;
mod tables;
mod take;
mod unpack;
mod upload;

pub use crate::inventory::list;
pub use crate::retention_policy::{RetentionPolicy, RetentionPolicyError};
pub use crate::selector::Selector;
pub use age::x25519::{Identity, Recipient};
pub use entry::{Entry, EntryState};
pub use error::Error;
pub use fetch::{Fetched, fetch};
pub use fixtures::{Fixture, FixtureError};
pub use manifest::{FileState, Manifest, TableState, Versions};
pub use pattern::{Pattern, PatternError};
pub use pg_replicate::database_snapshot::DumpFormat;
pub use settings::{Compression, Settings, Watched};
pub use take::{Taken, take};
