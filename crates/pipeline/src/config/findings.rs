//! What is found while variables are read: problems and warnings.

use super::error::{Checked, Errors, Problem};

/// What is wrong with a configuration, and what may not be meant.
#[derive(Debug, Default)]
pub struct Findings {
    /// Values that cannot be used.
    pub problems: Vec<Problem>,
    /// What is usable, but perhaps not what was meant.
    pub warnings: Vec<String>,
}

impl Findings {
    /// Remembers what is wrong with a variable, unless something is already.
    pub fn wrong<T>(
        &mut self,
        variable: &str,
        found: Option<&str>,
        expected: impl Into<String>,
    ) -> Option<T> {
        if !self.is_wrong(variable) {
            let (found, expected) = (found.map(Into::into), expected.into());
            self.problems.push(Problem { variable: variable.into(), found, expected });
        }
        None
    }

    /// Whether a variable has its default because its value is wrong.
    #[must_use]
    pub fn is_wrong(&self, variable: &str) -> bool {
        self.problems.iter().any(|problem| problem.variable == variable)
    }

    /// The value, now that it is used.
    pub fn used<T: Clone>(&mut self, value: &Checked<T>) -> Option<T> {
        match value.clone() {
            Ok(value) => Some(value),
            Err(Problem { variable, found, expected }) => {
                self.wrong(&variable, found.as_deref(), expected)
            }
        }
    }

    /// The value of a variable that must be set because of another.
    pub fn required<T>(&mut self, variable: &str, because: &str, value: Option<T>) -> Option<T> {
        value.or_else(|| self.wrong(variable, None, format!("required because {because} is set")))
    }

    /// The value, if nothing is wrong.
    ///
    /// # Errors
    /// All that is.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Errors> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Errors(self.problems)),
        }
    }
}
