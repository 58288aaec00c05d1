//! Why the learning content was not loaded. Whatever it is, yesterday's content stays.

use pg_replicate::{quoted_value, reason};

/// Why the learning content was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The step was cancelled.
    #[error("interrupted")]
    Cancelled,
    /// The description of the tables that the program was built with is wrong.
    #[error("crates/shared-steps/data/{0}")]
    Description(String),
    /// The setting cannot be sent as a header.
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
        /// What was asked for, without secrets.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The content API answered with an error.
    #[error(
        "the content API answered {status} to GET {url} ({content_type}): \"{body}\"{}", advice(*status, redirect.as_deref())
    )]
    Status {
        /// What was asked for, without secrets.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The answer's content type.
        content_type: String,
        /// The beginning of its body.
        body: String,
        /// Where it redirects to, when it does.
        redirect: Option<String>,
    },
    /// The answer is not what was asked for.
    #[error(
        "the content API's answer is {expected}: {reason} (status {status}, {content_type}, {bytes} bytes, beginning with \"{body}\")"
    )]
    Answer {
        /// What it is not.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
        /// The HTTP status.
        status: u16,
        /// The answer's content type.
        content_type: String,
        /// Its length.
        bytes: u64,
        /// The beginning of its body.
        body: String,
    },
    /// The answer could not be kept until it is loaded.
    #[error("the content API's answer cannot be kept in a temporary file: {0}")]
    Spool(std::io::Error),
    /// Tables are missing from the answer.
    #[error("the content API's answer lacks {}; it has {}", names(missing), names(present))]
    MissingTables {
        /// Those that are missing.
        missing: Vec<String>,
        /// Those that are there.
        present: Vec<String>,
    },
    /// A table of the answer is no list.
    #[error("table {table} of the content API's answer is no list of items, but {found}")]
    NotAList {
        /// The table.
        table: String,
        /// What stands in place of the list.
        found: String,
    },
    /// An item of the answer cannot be read.
    #[error("table {table}, item {position} of {items}: {reason}")]
    Item {
        /// The table.
        table: String,
        /// The item, counted from 1.
        position: usize,
        /// How many items the table has.
        items: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// An item is null or has no key at all; the message is the one this step always had.
    #[error("At least one item to insert in table {table} has no property at all")]
    NoProperty {
        /// The table.
        table: String,
        /// The item, counted from 1.
        position: usize,
        /// How many items the table has.
        items: usize,
    },
    /// Two items have one id.
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
    /// Readers kept the old tables busy for too long.
    #[error(
        "the tables could not be replaced within {seconds} s: {blocked} in use by {holders}; end those sessions or wait for them, or raise TARGET_LOCK_TIMEOUT, then restart learning-content-replication"
    )]
    Busy {
        /// How long was waited.
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
    /// The database refused something.
    #[error("{action}: {reason}")]
    Database {
        /// What was attempted, on which object.
        action: String,
        /// What the server said.
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
    /// The item's id, shortened.
    pub item: String,
    /// The column.
    pub column: String,
    /// Its type.
    pub sql_type: String,
    /// The value, shortened.
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

/// Names what was attempted beside what the server said.
pub(super) fn database(action: String) -> impl FnOnce(tokio_postgres::Error) -> Error {
    move |error| Error::Database { action, reason: reason(&error) }
}
