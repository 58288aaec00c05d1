//! Where a backup comes from, when the source database itself is not asked: a file, Scalingo, Heroku,
//! an object store.
//!
//! A [`BackupSource`] names its newest usable backup and opens its bytes, from any place on. The rest
//! is the same for every source and stands here once: a [`Fetcher`] resumes after a cut connection,
//! opens what the backup is packed in while it streams, checks that it is one of pg_dump's
//! custom-format archives, and leaves a whole file or none.
//!
//! Nothing here knows of queues, steps or databases. Secrets (tokens, signed download URLs) are never
//! shown.

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
