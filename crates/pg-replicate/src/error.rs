//! Errors of copies.

use std::fmt;
use std::path::PathBuf;

use crate::DatabaseUrl;
use crate::postgres::error_text;
pub(crate) use crate::postgres::error_text::reason;
use crate::verify::report::VerifyReport;

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The database that is read.
    Source,
    /// The database that is written to.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// One check and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub subject: String,
    /// What was found, or what is wrong and what to do.
    pub outcome: Result<String, String>,
    /// Whether the result is a warning, which does not stop the run.
    pub is_warning: bool,
}

impl Check {
    pub(crate) fn good(subject: &str, found: impl Into<String>) -> Self {
        Self { subject: subject.into(), outcome: Ok(found.into()), is_warning: false }
    }

    pub(crate) fn bad(subject: &str, wrong: impl Into<String>) -> Self {
        Self { subject: subject.into(), outcome: Err(wrong.into()), is_warning: false }
    }

    /// A warning, which does not stop the run.
    pub fn warning(subject: &str, found: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::good(subject, found) }
    }

    /// What was found, or what is wrong.
    pub fn of<E: fmt::Display>(subject: &str, outcome: Result<String, E>) -> Self {
        match outcome {
            Ok(found) => Self::good(subject, found),
            Err(error) => Self::bad(subject, error.to_string()),
        }
    }
}

/// An object that could not be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFailure {
    /// Such as `TABLE public.answers`.
    pub object: String,
    /// The error of the server or of pg_restore.
    pub message: String,
}

impl fmt::Display for ObjectFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.object, error_text::output(&self.message))
    }
}

/// Why a copy did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A server could not be reached, or a connection to it broke.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// Where, without the password.
        url: String,
        /// The error of the network or the server.
        reason: String,
    },
    /// A requirement is not met; nothing was changed.
    #[error("{}", list(.0))]
    Preflight(Vec<Check>),
    /// An invalid setting.
    #[error("{0}")]
    Configuration(String),
    /// A server refused a request.
    #[error("{action}: {reason}")]
    Database {
        /// What was attempted, on which object, on which side.
        action: String,
        /// The server's message, SQLSTATE, detail and hint.
        reason: String,
    },
    /// A server has run out of a resource: disk, memory, connections. Nothing else would work either.
    #[error("{action}: {reason}")]
    Exhausted {
        /// What was attempted, on which object, on which side.
        action: String,
        /// The server's message, SQLSTATE, detail and hint.
        reason: String,
    },
    /// The target is in use by others, who must finish first.
    #[error("{0}")]
    Busy(String),
    /// A lock on the source could not be taken in time, or others waited too long for a lock of this
    /// program.
    #[error("{action}: {reason}")]
    Locked {
        /// What was attempted.
        action: String,
        /// The lock, and who holds it or waits for it.
        reason: String,
    },
    /// A PostgreSQL client program could not be started.
    #[error("{program} could not be started: {reason}; install PostgreSQL's client programs")]
    ProgramMissing {
        /// Its name.
        program: String,
        /// The operating system's error.
        reason: String,
    },
    /// A PostgreSQL client program failed.
    #[error("{program} failed ({status}): {}", error_text::output(messages))]
    Program {
        /// Its name.
        program: String,
        /// Its exit status.
        status: String,
        /// Its error messages.
        messages: String,
    },
    /// All objects that could not be restored.
    #[error("{} could not be restored: {}", count(.0.len()), sample(.0))]
    Restore(Vec<ObjectFailure>),
    /// A file that is not a custom-format archive, or is damaged.
    #[error("{}: {reason}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file operation failed.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Tables of the target differ from those of the source.
    #[error("{} of {} tables differ: {}", .0.differing().count(), .0.tables.len(), .0)]
    Verification(VerifyReport),
    /// The enrichment script is invalid.
    #[error("line {line}: {reason}")]
    Script {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl From<progress::Cancelled> for Error {
    fn from(_: progress::Cancelled) -> Self {
        Self::Cancelled
    }
}

impl Error {
    /// Whether it was cancelled and nothing else went wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether a server could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// The server's error during `action` at `url`.
    pub(crate) fn database(
        url: &DatabaseUrl,
        action: impl Into<String>,
        error: &tokio_postgres::Error,
    ) -> Self {
        Self::said(url, action.into(), error, reason(error))
    }

    /// [`Error::database`] while rows are read: never shows a value that an expression was to mask,
    /// whatever is shown elsewhere.
    pub(crate) fn reading(
        url: &DatabaseUrl,
        action: impl Into<String>,
        error: &tokio_postgres::Error,
    ) -> Self {
        Self::said(url, action.into(), error, error_text::reason_without_values(error))
    }

    fn said(
        url: &DatabaseUrl,
        action: String,
        error: &tokio_postgres::Error,
        reason: String,
    ) -> Self {
        if is_broken(error) {
            let reason = format!("{action}: {reason}");
            return Self::Unreachable { url: url.to_string(), reason };
        }
        // Class 53: insufficient resources.
        match error.code() {
            Some(code) if code.code().starts_with("53") => Self::Exhausted { action, reason },
            // lock_not_available, if the session has a time limit.
            Some(code) if code.code() == "55P03" && url.lock_timeout().is_some() => {
                Self::Locked { action, reason }
            }
            _ => Self::Database { action, reason },
        }
    }
}

/// Whether the connection is lost, whatever the reason: closed, reset, or ended by the server.
fn is_broken(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // admin_shutdown, crash_shutdown, cannot_connect_now, connection exceptions
        Some(code) => {
            matches!(code.code(), "57P01" | "57P02" | "57P03") || code.code().starts_with("08")
        }
        None => {
            error.is_closed()
                || std::error::Error::source(error)
                    .is_some_and(|source| source.downcast_ref::<std::io::Error>().is_some())
        }
    }
}

fn list(checks: &[Check]) -> String {
    let wrong: Vec<String> = checks
        .iter()
        .filter_map(|check| Some(format!("{}: {}", check.subject, check.outcome.as_ref().err()?)))
        .collect();
    format!("nothing was changed, because of {}", wrong.join("; "))
}

fn count(objects: usize) -> String {
    if objects == 1 { "1 object".into() } else { format!("{objects} objects") }
}

/// All of them, up to a limit suitable for a log line.
fn sample(failures: &[ObjectFailure]) -> String {
    const LIMIT: usize = 100;
    let mut text: Vec<String> = failures.iter().take(LIMIT).map(ToString::to_string).collect();
    if failures.len() > LIMIT {
        let more: Vec<&str> = failures[LIMIT..].iter().map(|one| one.object.as_str()).collect();
        text.push(format!("and {}", more.join(", ")));
    }
    text.join("; ")
}
