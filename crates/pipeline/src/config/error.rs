//! What is wrong with a configuration.

use std::fmt;

/// One value that is not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The environment variable.
    pub variable: String,
    /// What was found; `None` for a secret.
    pub found: Option<String>,
    /// What is wrong with it and what is expected.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.expected)?;
        if let Some(found) = &self.found {
            write!(f, "\n    found: {found}")?;
        }
        Ok(())
    }
}

/// A value that may be wrong as long as it is not used.
pub type Checked<T> = Result<T, Problem>;

/// Every value that is not usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors(pub Vec<Problem>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        writeln!(
            f,
            "{count} wrong value{} in the configuration:",
            if count == 1 { "" } else { "s" }
        )?;
        for problem in &self.0 {
            writeln!(f, "  {problem}")?;
        }
        write!(f, "Nothing was done. `worker --help` explains every variable.")
    }
}

impl std::error::Error for Errors {}
