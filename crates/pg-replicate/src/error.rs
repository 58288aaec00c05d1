//! How a copy ends when it does not succeed.

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
    /// The database that is written.
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

/// One thing that was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub subject: String,
    /// What was found, or what is wrong and what to do.
    pub outcome: Result<String, String>,
    /// Whether what was found does not stop the run, but an operator should know it.
    pub is_warning: bool,
}

impl Check {
    pub(crate) fn good(subject: &str, found: impl Into<String>) -> Self {
        Self { subject: subject.into(), outcome: Ok(found.into()), is_warning: false }
    }

    pub(crate) fn bad(subject: &str, wrong: impl Into<String>) -> Self {
        Self { subject: subject.into(), outcome: Err(wrong.into()), is_warning: false }
    }

    /// What does not stop the run, but an operator should know.
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
    /// What the server or pg_restore said.
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
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A server could not be reached, or a connection to it broke.
    #[error("{url} could not be reached: {reason}")]
    Unreachable {
        /// Where, without the password.
        url: String,
        /// What the network or the server said.
        reason: String,
    },
    /// Something is not as it must be; nothing was changed.
    #[error("{}", list(.0))]
    Preflight(Vec<Check>),
    /// A setting that cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// A server refused something.
    #[error("{action}: {reason}")]
    Database {
        /// What was attempted, on which object, on which side.
        action: String,
        /// Message, SQLSTATE, detail and hint of the server.
        reason: String,
    },
    /// A server has no more of something: disk, memory, connections. Nothing else will work either.
    #[error("{action}: {reason}")]
    Exhausted {
        /// What was attempted, on which object, on which side.
        action: String,
        /// Message, SQLSTATE, detail and hint of the server.
        reason: String,
    },
    /// Others use the target, and that has to end first.
    #[error("{0}")]
    Busy(String),
    /// A lock on the source could not be had in time, or others waited too long for one of ours.
    #[error("{action}: {reason}")]
    Locked {
        /// What was attempted.
        action: String,
        /// Which lock, and who has it or waits for it.
        reason: String,
    },
    /// A program of PostgreSQL could not be started.
    #[error("{program} could not be started: {reason}; install PostgreSQL's client programs")]
    ProgramMissing {
        /// Its name.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed ({status}): {}", error_text::output(messages))]
    Program {
        /// Its name.
        program: String,
        /// Its exit status.
        status: String,
        /// The errors it wrote.
        messages: String,
    },
    /// Objects that could not be restored, all of them.
    #[error("{} could not be restored: {}", count(.0.len()), sample(.0))]
    Restore(Vec<ObjectFailure>),
    /// A file that is no archive of pg_dump's custom format, or a damaged one.
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
        /// What the system said.
        source: std::io::Error,
    },
    /// Tables of the target do not hold what those of the source hold.
    #[error("{} of {} tables differ: {}", .0.differing().count(), .0.tables.len(), .0)]
    Verification(VerifyReport),
    /// The enrichment script cannot be read.
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
    /// Whether it was cancelled, and nothing else is wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether a server could not be reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// What the server said while `action` was attempted at `url`.
    pub(crate) fn database(
        url: &DatabaseUrl,
        action: impl Into<String>,
        error: &tokio_postgres::Error,
    ) -> Self {
        Self::said(url, action.into(), error, reason(error))
    }

    /// [`Error::database`] while rows were read: whatever is shown elsewhere, no value that an
    /// expression was to mask.
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
            // lock_not_available, where the session has a limit.
            Some(code) if code.code() == "55P03" && url.lock_timeout().is_some() => {
                Self::Locked { action, reason }
            }
            _ => Self::Database { action, reason },
        }
    }
}

/// Whether the connection is gone, whatever was asked: closed, reset, or ended by the server.
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

/// All of them up to a limit that a log line bears.
fn sample(failures: &[ObjectFailure]) -> String {
    const LIMIT: usize = 100;
    let mut text: Vec<String> = failures.iter().take(LIMIT).map(ToString::to_string).collect();
    if failures.len() > LIMIT {
        let more: Vec<&str> = failures[LIMIT..].iter().map(|one| one.object.as_str()).collect();
        text.push(format!("and {}", more.join(", ")));
    }
    text.join("; ")
}
