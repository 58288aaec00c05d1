//! PostgreSQL as all engines use it.

pub(crate) mod exported_snapshot;
