//! Errors of learning content. In any case, the previous content stays.

use pg_replicate::{quoted_value, reason};

/// Why the learning content was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The step was cancelled.
    #[error("interrupted")]
    Cancelled,
    /// The description of the tables in this program is invalid.
    #[error("crates/shared-steps/data/{0}")]
    Description(String),
    /// The setting cannot be sent in a header.
    #[error("{variable} cannot be sent in an HTTP header: {reason}")]
    Header {
        /// The environment variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The content API could not be reached, or did not answer in time.
    #[error(
        "the content API did not answer: GET {url}: {reason}; see LCMS_API_URL, and whether the API is up"
    )]
    Unreachable {
        /// The request, without secrets.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The content API answered with an error.
    #[error(
        "the content API answered {status} to GET {url} ({content_type}): \"{body}\"{}", advice(*status, redirect.as_deref())
    )]
    Status {
        /// The request, without secrets.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The response's content type.
        content_type: String,
        /// The beginning of its body.
        body: String,
        /// The destination of a redirect.
        redirect: Option<String>,
    },
    /// The response does not have the expected form.
    #[error(
        "the content API's answer is {expected}: {reason} (status {status}, {content_type}, {bytes} bytes, beginning with \"{body}\")"
    )]
    Answer {
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
        /// The HTTP status.
        status: u16,
        /// The response's content type.
        content_type: String,
        /// Its length.
        bytes: u64,
        /// The beginning of its body.
        body: String,
    },
    /// The response could not be stored.
    #[error("the content API's answer cannot be kept in a temporary file: {0}")]
    Spool(std::io::Error),
    /// Tables are missing from the response.
    #[error("the content API's answer lacks {}; it has {}", names(missing), names(present))]
    MissingTables {
        /// The missing ones.
        missing: Vec<String>,
        /// The ones found.
        present: Vec<String>,
    },
    /// A table of the response is not a list.
    #[error("table {table} of the content API's answer is no list of items, but {found}")]
    NotAList {
        /// The table.
        table: String,
        /// What was found instead of the list.
        found: String,
    },
    /// An item of the response cannot be parsed.
    #[error("table {table}, item {position} of {items}: {reason}")]
    Item {
        /// The table.
        table: String,
        /// The item, counted from 1.
        position: usize,
        /// The number of items of the table.
        items: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// An item is null or has no properties; the message is that of the Node.js program.
    #[error("At least one item to insert in table {table} has no property at all")]
    NoProperty {
        /// The table.
        table: String,
        /// The item, counted from 1.
        position: usize,
        /// The number of items of the table.
        items: usize,
    },
    /// Two items have the same id.
    #[error("table {table}: items {first} and {second} both have the id \"{id}\"")]
    DuplicateId {
        /// The table.
        table: String,
        /// The id.
        id: String,
        /// The first item, counted from 1.
        first: usize,
        /// The second item, counted from 1.
        second: usize,
    },
    /// A value does not fit its column.
    #[error(transparent)]
    Value(Box<UnfitValue>),
    /// Readers kept the old tables locked for too long.
    #[error(
        "the tables could not be replaced within {seconds} s: {blocked} in use by {holders}; end those sessions or wait for them, or raise TARGET_LOCK_TIMEOUT, then restart learning-content-replication"
    )]
    Busy {
        /// The time waited.
        seconds: u64,
        /// `is` or `are` with the names of the tables.
        blocked: String,
        /// Who holds them.
        holders: String,
    },
    /// Rows of others would be lost with the old tables.
    #[error("the tables were not replaced: {0}")]
    Dependents(String),
    /// The database could not be reached.
    #[error(transparent)]
    Target(Box<pg_replicate::Error>),
    /// The database refused a statement.
    #[error("{action}: {reason}")]
    Database {
        /// What was attempted, on which object.
        action: String,
        /// The server's error.
        reason: String,
    },
}

/// A value that does not fit its column.
#[derive(Debug, thiserror::Error)]
#[error(
    "table {table}, item \"{item}\", column {column} ({sql_type}): found {}: {reason}",
    quoted_value(found)
)]
pub struct UnfitValue {
    /// The table.
    pub table: String,
    /// The item's id, truncated.
    pub item: String,
    /// The column.
    pub column: String,
    /// Its type.
    pub sql_type: String,
    /// The value, truncated.
    pub found: String,
    /// Why it does not fit.
    pub reason: String,
}

impl Error {
    /// Whether the step was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Target(error) => error.is_cancelled(),
            _ => false,
        }
    }

    /// Whether a server (the content API, the database) could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Target(error) => error.is_unreachable(),
            _ => false,
        }
    }
}

fn names(names: &[String]) -> String {
    match names {
        [] => "no table at all".into(),
        [name] => format!("the table {name}"),
        _ => format!("the tables {}", names.join(", ")),
    }
}

fn advice(status: u16, redirect: Option<&str>) -> String {
    match (status, redirect) {
        (_, Some(target)) => {
            format!("; it redirects to {target}: set LCMS_API_URL to where the API is")
        }
        (401 | 403, None) => "; see LCMS_API_KEY".into(),
        (404, None) => {
            "; see LCMS_API_FORMAT, and LCMS_API_URL, which ends before /databases/airtable and \
                        /replication-stream"
                .into()
        }
        _ => String::new(),
    }
}

/// Adds what was attempted to the server's error.
pub(super) fn database(action: String) -> impl FnOnce(tokio_postgres::Error) -> Error {
    move |error| Error::Database { action, reason: reason(&error) }
}
