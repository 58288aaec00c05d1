//! A snapshot in its store.

use chrono::{DateTime, Utc};

use crate::Manifest;

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: that of its archive below the store's prefix.
    pub name: String,
    /// The database's name, with unusual characters escaped as `=C3`.
    pub database: String,
    /// The time of the snapshot.
    pub taken_at: DateTime<Utc>,
    /// The archive's length.
    pub bytes: u64,
    /// Whether a key is needed to read it.
    pub is_encrypted: bool,
    /// Whether it can be used.
    pub state: EntryState,
}

/// Whether a snapshot can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryState {
    /// The archive is complete, and this is its content.
    Good(Box<Manifest>),
    /// The archive has no manifest: the upload was interrupted, or is still in progress.
    Unfinished,
    /// Why it cannot be used.
    Damaged(String),
}

impl Entry {
    /// Its content, if it can be used.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.state {
            EntryState::Good(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// Why it cannot be used.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match &self.state {
            EntryState::Good(_) => None,
            EntryState::Unfinished => {
                Some("it has no manifest: its upload was interrupted, or is still in progress")
            }
            EntryState::Damaged(reason) => Some(reason),
        }
    }
}
