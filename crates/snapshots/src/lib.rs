//! Backups as products: a database's dump, taken when its data has changed, packed, encrypted, kept in
//! an object store, and pruned.
//!
//! [`take`] compares the content of the watched tables with the newest good snapshot's manifest, and only
//! when it differs dumps the database, in the moment that was compared. An archive counts when its manifest
//! stands beside it, which is written after it. [`list`] shows what is there, [`fetch`] gets it back and
//! compares every file with the manifest.
//!
//! Nothing here knows of queues, steps or environment variables. README.md states the guarantees and their
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
