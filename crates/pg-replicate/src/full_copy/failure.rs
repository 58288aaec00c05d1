//! What could not be restored, before it is judged.

use tokio_postgres::error::SqlState;

use crate::archive::Entry;

/// An entry that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Its number.
    pub(crate) entry: i32,
    /// The SQLSTATE; nothing when pg_restore made the attempt, which does not tell it.
    pub(crate) code: Option<SqlState>,
    /// What the server or pg_restore said.
    pub(crate) message: String,
    /// The roles that the statement names and the server does not have.
    pub(crate) missing_roles: Vec<String>,
}

impl Failure {
    /// An entry that could not be restored for the reason `message`, which no server gave.
    pub(crate) fn of(entry: &Entry, message: impl Into<String>) -> Self {
        Self { entry: entry.id, code: None, message: message.into(), missing_roles: Vec::new() }
    }
}
