//! Failure of an attempt: the message, its causes, and the consequence.

use std::error::Error;
use std::fmt::Write;

use apalis::layers::catch_panic::PanicError;
use apalis_core::error::{AbortError, BoxDynError};

use super::context::{Interrupted, Unretryable};
use crate::job::INTERRUPTED_REASON;

/// Consequence of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// It counts, and is retried if attempts are left.
    Ordinary,
    /// It counts, and another attempt would not help.
    Final,
    /// It was interrupted, and does not count.
    Interrupted,
}

/// Failure of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    /// The message of the error: `failedReason`.
    pub(super) error: String,
    /// The message with all its causes: one entry of `stacktrace`.
    pub(super) stack: String,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, error: impl Into<String>) -> Self {
        let error = error.into();
        Self { kind, stack: format!("Error: {error}"), error }
    }

    /// Classifies the error of a handler.
    pub(super) fn from_error(error: &BoxDynError) -> Self {
        let mut kind = FailureKind::Ordinary;
        let mut top: &(dyn Error + 'static) = error.as_ref();
        // apalis' AbortError means "do not retry"; around a panic it is only a wrapper.
        if let Some(source) = top.downcast_ref::<AbortError>().and_then(Error::source) {
            kind =
                if source.is::<PanicError>() { FailureKind::Ordinary } else { FailureKind::Final };
            top = source;
        }
        let mut stack = format!("Error: {top}");
        let mut cause = Some(top);
        let mut is_top = true;
        while let Some(error) = cause {
            if error.is::<Interrupted>() {
                kind = FailureKind::Interrupted;
            } else if error.is::<Unretryable>() && kind == FailureKind::Ordinary {
                kind = FailureKind::Final;
            }
            if !std::mem::take(&mut is_top) {
                let _ = write!(stack, "\n    caused by: {error}");
            }
            cause = error.source();
        }
        let error = if kind == FailureKind::Interrupted {
            INTERRUPTED_REASON.into()
        } else {
            top.to_string()
        };
        Self { kind, error, stack }
    }

    /// The same failure, for a job interrupted by the shutdown.
    pub(super) fn interrupted(self) -> Self {
        Self { kind: FailureKind::Interrupted, error: INTERRUPTED_REASON.into(), stack: self.stack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Chained {
        text: &'static str,
        #[source]
        source: Option<BoxDynError>,
    }

    fn chained(text: &'static str, source: impl Into<BoxDynError>) -> BoxDynError {
        Box::new(Chained { text, source: Some(source.into()) })
    }

    #[test]
    fn the_reason_is_the_message_and_the_stack_holds_every_cause() {
        let error = chained("restore failed", chained("pg_restore ended with 1", "disk full"));
        let failure = Failure::from_error(&error);
        assert_eq!(failure.kind, FailureKind::Ordinary);
        assert_eq!(failure.error, "restore failed");
        assert_eq!(
            failure.stack,
            "Error: restore failed\n    caused by: pg_restore ended with 1\n    caused by: disk full"
        );
    }

    #[test]
    fn an_interruption_is_found_under_other_errors() {
        let failure = Failure::from_error(&chained("copy stopped", Interrupted));
        assert_eq!(failure.kind, FailureKind::Interrupted);
        assert_eq!(failure.error, INTERRUPTED_REASON);
        assert!(failure.stack.starts_with("Error: copy stopped"));
    }

    #[test]
    fn errors_that_no_retry_helps() {
        let failure = Failure::from_error(&Unretryable("no such table".into()).into());
        assert_eq!((failure.kind, failure.error.as_str()), (FailureKind::Final, "no such table"));
        let failure = Failure::from_error(&AbortError::new("no such table").into());
        assert_eq!((failure.kind, failure.error.as_str()), (FailureKind::Final, "no such table"));
        let panic = AbortError::new(PanicError("index out of bounds".into()));
        assert_eq!(Failure::from_error(&panic.into()).kind, FailureKind::Ordinary);
    }
}
