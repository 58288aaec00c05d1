//! Failures of a restore, before they are classified.

use tokio_postgres::error::SqlState;

use crate::archive::Entry;

/// A refused entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Its number.
    pub(crate) entry: i32,
    /// The SQLSTATE; `None` if pg_restore executed the statement, because it does not report it.
    pub(crate) code: Option<SqlState>,
    /// The error of the server or of pg_restore.
    pub(crate) message: String,
    /// Roles in the statement that do not exist on the server.
    pub(crate) missing_roles: Vec<String>,
}

impl Failure {
    /// An entry that could not be restored because of `message`, which is not a server's error.
    pub(crate) fn of(entry: &Entry, message: impl Into<String>) -> Self {
        Self { entry: entry.id, code: None, message: message.into(), missing_roles: Vec::new() }
    }
}
