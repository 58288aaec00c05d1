//! Failures other than Redis's, with their exit codes.

use pipeline::exit;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A confirmation was required, and there is no terminal.
    #[error(
        "{0}? Nobody can be asked, as stdin is no terminal: nothing was done. Give --yes to answer yes."
    )]
    Unanswered(String),
    /// The confirmation was declined.
    #[error("nothing was done")]
    No,
    /// The confirmation failed.
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

/// `error` with its causes, except those that it already contains.
pub(crate) fn text(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// What is wrong with the configuration.
pub(crate) fn usage(errors: impl std::fmt::Display) -> Failure {
    Failure::Usage(errors.to_string())
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("connection refused")
            .context("Redis could not be reached: connection refused; check it")
            .context("job 1 was not retried");
        let wanted =
            "job 1 was not retried: Redis could not be reached: connection refused; check it";
        assert_eq!(text(&error), wanted);
    }

    #[test]
    fn the_exit_code_shows_through_what_is_said_of_it() {
        let code = |error: Failure| exit_code(&anyhow::Error::new(error).context("job 1"));
        assert_eq!(code(Failure::Usage("x".into())), exit::USAGE);
        assert_eq!(code(Failure::Unanswered("Remove job 1".into())), exit::USAGE);
        assert_eq!(code(Failure::No), exit::FAILED);
        assert_eq!(exit_code(&anyhow!("no job 1")), exit::FAILED);
    }
}
