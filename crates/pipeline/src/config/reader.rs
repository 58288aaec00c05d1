//! Reads the texts of variables, and collects what is wrong with any of them.

use std::fmt;
use std::str::FromStr;

use super::error::{Errors, Problem};

/// Reads values one after the other and remembers what is wrong with any of them.
#[derive(Default)]
pub struct Reader {
    problems: Vec<Problem>,
    /// What is usable, but perhaps not what was meant.
    pub warnings: Vec<String>,
}

impl Reader {
    /// `value`, unless anything was wrong.
    ///
    /// # Errors
    /// All that was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Errors> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Errors(self.problems)),
        }
    }

    /// Records that `variable` is not as `wanted`. `found` is left out if it may hold a password.
    pub fn wrong<T>(
        &mut self,
        variable: &'static str,
        found: Option<&str>,
        wanted: String,
    ) -> Option<T> {
        let found = found.filter(|text| !may_hold_password(text)).map(str::to_owned);
        self.problems.push(Problem { variable, found, wanted });
        None
    }

    /// As [`Reader::wrong`], for a reason that quotes `text`.
    pub fn wrong_text<T>(
        &mut self,
        variable: &'static str,
        text: &str,
        reason: String,
    ) -> Option<T> {
        let reason = if may_hold_password(text) {
            "the value cannot be used; it is not shown because it may hold a password".into()
        } else {
            reason
        };
        self.wrong(variable, None, reason)
    }

    /// An integer from `least` to `most`.
    pub fn number<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &mut self,
        variable: &'static str,
        text: &str,
        default: T,
        least: T,
        most: T,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return Some(default);
        }
        match text.parse() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => self.wrong(
                variable,
                Some(text),
                format!("must be an integer from {least} to {most}"),
            ),
        }
    }

    /// `true` is true; anything else is false, and worth a word when it is not `false`.
    pub fn flag(&mut self, variable: &'static str, text: &str, default: bool) -> bool {
        match text.trim() {
            "" => default,
            "true" => true,
            "false" => false,
            other => {
                let found = if may_hold_password(other) { "…" } else { other };
                self.warnings.push(format!(
                    "{variable} is \"{found}\", which counts as false; only \"true\" is true"
                ));
                false
            }
        }
    }

    /// One of `choices`.
    pub fn choice<T, const N: usize>(
        &mut self,
        variable: &'static str,
        text: &str,
        choices: [(&str, T); N],
    ) -> Option<T> {
        let text = text.trim();
        let names = choices.iter().map(|(name, _)| *name).filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        // Without a value, the first is the default.
        let mut choices = choices.into_iter();
        match choices.find(|(name, _)| text.is_empty() || text == *name) {
            Some((_, value)) => Some(value),
            None => self.wrong(variable, Some(text), format!("must be {}", names.join(" or "))),
        }
    }
}

/// An empty variable counts as one that is not set.
pub fn or_default<'a>(text: &'a str, default: &'a str) -> &'a str {
    let text = text.trim();
    if text.is_empty() { default } else { text }
}

/// Whether a text may be, or hold, a URL with credentials: in whichever variable it has been put by
/// mistake, it is not repeated.
fn may_hold_password(text: &str) -> bool {
    text.contains('@') || (text.contains("://") && text.contains('?'))
}
