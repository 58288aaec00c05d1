//! Copies of PostgreSQL databases to PostgreSQL: schema, data, indexes, constraints, increments.
//!
//! Seven engines, each a plain async function over settings and a [`Context`] (progress and cancellation):
//!
//! - [`FullCopy`]: backup, drop and restore with PostgreSQL's own pg_dump and pg_restore, with the
//!   archive's table of contents filtered by object identity;
//! - [`enrichment`]: views and indexes from an SQL script;
//! - [`Incremental`]: new, changed and deleted rows of selected tables, in parallel;
//! - [`load`]: data of databases, dumps and scripts, loaded into existing tables;
//! - [`fixtures`]: rows as JSON for Django;
//! - [`verify`]: comparison of two databases by [`fingerprint`]s computed by the servers;
//! - [`drift`]: comparison of their catalogs.
//!
//! [`freshness`] writes down on the target of which moment its tables are.
//!
//! Independent of queues. README.md describes the guarantees and their limits.

mod archive;
mod backup_mode;
mod copy_cost;
pub mod database_snapshot;
pub mod drift;
pub mod enrichment;
mod error;
pub mod fingerprint;
pub mod fixtures;
pub mod freshness;
mod full_copy;
mod incremental;
pub mod load;
mod masking;
pub mod on_target;
mod phase_shares;
mod postgres;
pub(crate) mod psql_script;
mod renaming;
pub(crate) mod schema_export;
pub mod shell;
pub mod verify;

pub use crate::postgres::connection::connect;
pub use crate::postgres::error_text::{hide_error_values, quoted_value, reason};
pub use crate::postgres::identifier::TableName;
pub use crate::postgres::same_database::{is_same_database, refuse_same_database};
pub use crate::postgres::url::{
    DatabaseUrl, DatabaseUrlError, HostName, Server, SslMode, real_path,
};
pub use backup_mode::{BackupMode, BackupModeError, CopyRule, Masking, TableMode, TableRule};
pub use error::{Check, Error, ObjectFailure, Side};
pub use full_copy::{ForeignKeys, FullCopy, LiveOptions, Publish};
pub use incremental::{CopyFormat, Incremental, SchemaChanges};
pub use on_target::OnTarget;
pub use verify::Verify;
