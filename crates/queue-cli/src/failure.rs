//! Failures that are not Redis's, and the exit code of each.

use shared_steps::exit;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The operator was to be asked, and there is no terminal.
    #[error(
        "{0}? Nobody can be asked, as stdin is no terminal: nothing was done. Give --yes to answer yes."
    )]
    Unanswered(String),
    /// The operator said no.
    #[error("nothing was done")]
    No,
    /// The question could not be asked.
    #[error("the question could not be asked ({0}): nothing was done; --yes answers yes")]
    Terminal(String),
    /// An argument is wrong.
    #[error("{0}")]
    Usage(String),
}

/// The exit code for `error`.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    use bull_queue::Error;
    if let Some(error) = error.downcast_ref::<Error>() {
        return match error {
            Error::Unreachable { .. } => exit::UNREACHABLE,
            Error::Url { .. } | Error::ReservedId { .. } | Error::Schedule(_) => exit::USAGE,
            _ => exit::FAILED,
        };
    }
    match error.downcast_ref::<Failure>() {
        Some(Failure::Unanswered(_) | Failure::Usage(_)) => exit::USAGE,
        Some(Failure::No | Failure::Terminal(_)) | None => exit::FAILED,
    }
}

/// What is wrong with the configuration.
pub(crate) fn usage(errors: impl std::fmt::Display) -> Failure {
    Failure::Usage(errors.to_string())
}
