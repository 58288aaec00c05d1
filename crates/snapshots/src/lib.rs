//! Backups as products: a database's dump, taken when its data has changed, packed, encrypted, kept in
//! an object store, and pruned.
//!
//! [`take`] compares the content of the watched tables with the newest good snapshot's manifest, and only
//! when it differs dumps the database, in the moment that was compared. An archive counts when its manifest
//! stands beside it, which is written after it. [`list`] shows what is there.
//!
//! Nothing here knows of queues, steps or environment variables. README.md states the guarantees and their
//! limits.

#![expect(dead_code, reason = "taking and fetching come next")]

mod entry;
mod error;
mod fixtures;
mod keep;
mod manifest;
mod name;
mod pattern;
mod settings;
mod shelf;

pub use age::x25519::{Identity, Recipient};
pub use entry::{Entry, State};
pub use error::Error;
pub use keep::{Keep, KeepError};
pub use manifest::{FileState, Manifest, TableState, Versions};
pub use pattern::{Pattern, PatternError};
pub use settings::{Compression, DumpFormat, Settings, UnknownChoice, Watched};
pub use shelf::list;
