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
mod copy_cost;
pub mod database_snapshot;
pub mod enrichment;
mod error;
pub mod fingerprint;
pub mod fixtures;
mod full_copy;
mod incremental;
pub mod load;
mod masking;
pub mod on_target;
mod phase_shares;
mod postgres;
pub(crate) mod psql_script;
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
pub use full_copy::{ForeignKeys, FullCopy, LiveOptions};
pub use incremental::{CopyFormat, Incremental, SchemaChanges};
pub use on_target::OnTarget;
pub use verify::Verify;
