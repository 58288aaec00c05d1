//! PostgreSQL to PostgreSQL: schema, data, indexes, constraints, increments.
//!
//! Six engines, each a plain async function over settings and a [`Context`] (progress and
//! cancellation):
//!
//! - [`FullCopy`]: backup, drop and restore with PostgreSQL's own pg_dump and pg_restore, the archive's
//!   table of contents filtered by object identity;
//! - [`enrichment`]: a view and indexes from an SQL script;
//! - [`Incremental`]: new, changed and deleted rows of chosen tables, tables in parallel;
//! - [`load`]: the data of databases, dumps and scripts into tables that are there already;
//! - [`fixtures`]: rows as JSON that Django loads;
//! - [`verify`]: whether both databases hold the same, by [`fingerprint`]s that the servers compute.
//!
//! Nothing here knows that a queue exists. README.md states the guarantees and their limits.

mod archive;
mod backup_mode;
mod child;
mod connection;
mod connections;
mod context;
mod copy_cost;
mod database_url;
pub mod enrichment;
mod error;
mod error_text;
pub mod fingerprint;
pub mod fixtures;
mod full_copy;
mod identifier;
mod incremental;
pub mod load;
mod masking;
pub mod moment;
pub mod objects;
pub mod on_target;
mod pool;
mod postgres;
mod row_security;
mod same_database;
mod session;
pub mod shell;
mod source_locks;
mod sql_text;
mod summary;
mod target_settings;
mod tls;
mod transfer;
mod triggers;
mod unlogged;
pub mod verify;
mod versions;

pub use backup_mode::{
    BackupMode, BackupModeError, CopyRule, Masking, TableMode, TableRule, parse_duration,
};
pub use connection::connect;
pub use context::{Context, Progress, ProgressSink};
pub use database_url::{DatabaseUrl, DatabaseUrlError, HostName, Server, SslMode, real_path};
pub use error::{Check, Error, ObjectFailure, Side};
pub use error_text::hide_error_values;
pub use full_copy::{ForeignKeys, FullCopy, LiveOptions};
pub use identifier::TableName;
pub use incremental::{CopyFormat, Incremental, SchemaChanges};
pub use on_target::OnTarget;
pub use same_database::refuse_same_database;
pub use summary::{ObjectSummary, PhaseSummary, Summary};
pub use tokio_util::sync::CancellationToken;
pub use verify::Verify;
