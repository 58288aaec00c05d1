//! Backup sources, used instead of copying the source database: a file, Scalingo, Heroku, an object store.
//!
//! A [`BackupSource`] names its newest acceptable backup, and opens it at any position. Everything else is
//! common to all sources: a [`Fetcher`] resumes interrupted downloads, unpacks them on the fly, checks that
//! the content is an archive in pg_dump's custom format, and leaves a complete file or none.
//!
//! Independent of queues, steps and databases. Secrets (tokens, signed download URLs) are never shown.

mod backup;
mod content;
mod download;
mod download_url;
mod error;
mod fetch;
mod file;
mod heroku;
mod limits;
mod object_storage;
mod platform;
mod scalingo;
mod source;
mod unpack;

pub use backup::{Backup, BackupQuery, MaxAge, age_in_words};
pub use download::{Download, Report};
pub use error::Error;
pub use fetch::{FetchTarget, Fetched, Fetcher};
pub use file::FileSource;
pub use heroku::HerokuSource;
pub use limits::Limits;
pub use object_storage::ObjectStorageSource;
pub use scalingo::{ScalingoHosts, ScalingoSource};
pub use source::{BackupSource, OpenError, Opened};
