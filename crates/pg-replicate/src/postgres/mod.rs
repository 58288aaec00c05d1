//! PostgreSQL: what all engines use.

pub(crate) mod catalog;
pub(crate) mod client_program;
pub(crate) mod columns;
pub(crate) mod connection;
pub(crate) mod connection_rehearsal;
pub(crate) mod copy;
pub(crate) mod error_text;
pub(crate) mod exported_snapshot;
pub(crate) mod identifier;
pub(crate) mod lock_limits;
pub(crate) mod pg_dump;
pub(crate) mod pool;
pub(crate) mod relation;
pub(crate) mod row_security;
pub(crate) mod same_database;
pub(crate) mod session_settings;
pub(crate) mod source_locks;
pub(crate) mod sql_text;
pub(crate) mod target_settings;
pub(crate) mod tls;
pub(crate) mod triggers;
pub(crate) mod unlogged;
pub(crate) mod url;
pub(crate) mod versions;
