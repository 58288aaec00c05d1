//! Parsers of variables' values, for clap: each says once what a value must be.
//!
//! clap stops at the first value that it cannot parse. Within [`collect`] a wrong value is remembered
//! and its option has the default, so that everything that is wrong can be reported at once.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command};

pub use super::error::Checked;
use super::error::Problem;
use super::findings::Findings;

thread_local! {
    static FINDINGS: RefCell<Option<Findings>> = const { RefCell::new(None) };
}

/// Types by names in which clap's derive reads no meaning: every variable is an option with one value,
/// which may be empty.
pub type Flag = bool;
/// As [`Flag`].
pub type Optional<T> = Option<T>;
/// As [`Flag`].
pub type List<T> = Vec<T>;

/// What `parse` answers, and what is wrong with the variables that it has parsed.
pub fn collect<T>(parse: impl FnOnce() -> T) -> (T, Findings) {
    FINDINGS.set(Some(Findings::default()));
    let parsed = parse();
    (parsed, FINDINGS.take().unwrap_or_default())
}

/// An argument that is also a variable: without a value it is empty, and `--help` shows no value of
/// the environment, which may be a secret.
#[must_use]
pub fn variable(argument: Arg) -> Arg {
    if argument.get_env().is_none() {
        return argument;
    }
    let argument = argument.required(false).hide_env_values(true);
    let argument = match argument.get_default_values().first() {
        Some(default) if default.is_empty() => argument.hide_default_value(true),
        Some(_) => argument,
        None => argument.default_value("").hide_default_value(true),
    };
    let choices = argument.get_possible_values();
    if choices.len() < 2 {
        return argument;
    }
    let names: Vec<_> = choices.iter().map(PossibleValue::get_name).collect();
    argument.value_name(names.join("|").leak() as &str).hide_possible_values(true)
}

/// What a variable is set to.
pub struct Given<'a> {
    variable: &'a str,
    /// The value, without spaces around it; the default if it is empty.
    pub text: &'a str,
    /// Whether it is the default.
    pub is_default: bool,
}

impl Given<'_> {
    /// Reports at start what can be used, but may not be what was meant.
    pub fn warn(&self, warning: &str) {
        let warning = format!("{} {warning}", self.variable);
        FINDINGS.with_borrow_mut(|findings| {
            findings.iter_mut().for_each(|findings| findings.warnings.push(warning.clone()));
        });
    }

    fn problem(&self, expected: String, shows: bool) -> Problem {
        let found = Some(self.text).filter(|text| shows && !may_hold_password(text));
        Problem { variable: self.variable.into(), found: found.map(Into::into), expected }
    }
}

type Read<T> = dyn Fn(&Given<'_>) -> Checked<T> + Send + Sync;

/// The parser of a variable's value; an empty one counts as the default.
#[derive(Clone)]
pub struct Variable<T> {
    read: Arc<Read<T>>,
    choices: Vec<&'static str>,
}

impl<T: 'static> Variable<T> {
    fn new(read: impl Fn(&Given<'_>) -> Checked<T> + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), choices: Vec::new() }
    }

    /// Nothing if the value is empty.
    #[must_use]
    pub fn optional(self) -> Variable<Optional<T>> {
        let read = self.read;
        let optional = move |given: &Given<'_>| match given.text {
            "" => Ok(None),
            _ => read(given).map(Some),
        };
        Variable { choices: self.choices, ..Variable::new(optional) }
    }

    /// What `default` says if the value is empty.
    #[must_use]
    pub fn or(self, default: fn() -> T) -> Self {
        let read = self.read;
        let or = move |given: &Given<'_>| match given.text {
            "" => Ok(default()),
            _ => read(given),
        };
        Self { choices: self.choices, ..Self::new(or) }
    }

    /// A wrong value is reported where it is used, not before.
    #[must_use]
    pub fn when_used(self) -> Variable<Checked<T>> {
        let read = self.read;
        Variable { choices: self.choices, ..Variable::new(move |given| Ok(read(given))) }
    }
}

/// What `read` makes of the value. An error says what the value must be, and is followed by the value.
pub fn value<T: 'static>(
    read: impl Fn(&Given<'_>) -> Result<T, String> + Send + Sync + 'static,
) -> Variable<T> {
    Variable::new(move |given| read(given).map_err(|expected| given.problem(expected, true)))
}

/// As [`value`], for what may hold a secret: an error is not followed by the value.
pub fn hidden<T: 'static>(
    read: impl Fn(&Given<'_>) -> Result<T, String> + Send + Sync + 'static,
) -> Variable<T> {
    Variable::new(move |given| read(given).map_err(|expected| given.problem(expected, false)))
}

/// As [`hidden`], for a type whose errors never quote a password.
pub fn parsed<T: FromStr<Err: Display> + 'static>() -> Variable<T> {
    hidden(|given| given.text.parse().map_err(|error: T::Err| error.to_string()))
}

/// As [`parsed`], for a type whose errors quote the value.
pub fn quoted<T: FromStr<Err: Display> + 'static>() -> Variable<T> {
    hidden(|given| given.text.parse().map_err(|error: T::Err| quoting(given.text, &error)))
}

/// `error`, which quotes `text`, unless that may hold a password.
pub fn quoting(text: &str, error: &impl Display) -> String {
    if may_hold_password(text) {
        "the value cannot be used; it is not shown because it may hold a password".into()
    } else {
        error.to_string()
    }
}

/// The text as it is.
pub fn text() -> Variable<String> {
    Variable::new(|given| Ok(given.text.to_owned()))
}

/// A time, with its unit.
pub fn duration() -> Variable<Duration> {
    value(|given| {
        let duration = progress::parse_duration(given.text).filter(|time| !time.is_zero());
        duration.ok_or("must be a time greater than zero, such as `10 minutes` or `1 hour`".into())
    })
}

/// An integer within a range.
pub fn integer<T>(range: RangeInclusive<T>) -> Variable<T>
where
    T: FromStr + PartialOrd + Display + Send + Sync + 'static,
{
    // clap knows names for as long as the program runs.
    let choices = vec![format!("{}-{}", range.start(), range.end()).leak() as &str];
    let read = move |given: &Given<'_>| match given.text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("must be an integer from {} to {}", range.start(), range.end())),
    };
    Variable { choices, ..value(read) }
}

/// `true`, or false.
pub fn flag() -> Variable<Flag> {
    Variable { choices: vec!["true", "false"], ..Variable::new(|given| Ok(is_true(given))) }
}

/// `true` is true; everything else is false, with a warning unless it is `false`.
pub fn is_true(given: &Given<'_>) -> bool {
    if !matches!(given.text, "true" | "false") {
        let found = if may_hold_password(given.text) { "…" } else { given.text };
        given.warn(&format!("is \"{found}\", which counts as false; only \"true\" is true"));
    }
    given.text == "true"
}

/// One of several words.
pub fn one_of<T, const N: usize>(choices: [(&'static str, T); N]) -> Variable<T>
where
    T: Clone + Send + Sync + 'static,
{
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let read = move |given: &Given<'_>| {
        let choice = choices.iter().find(|(name, _)| given.text == *name);
        choice.map(|(_, value)| value.clone()).ok_or_else(|| {
            let names = choices.iter().map(|(name, _)| format!("\"{name}\""));
            format!("must be {}", names.collect::<Vec<_>>().join(" or "))
        })
    };
    Variable { choices: names, ..value(read) }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Variable<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let invalid = || clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command);
        let text = value.to_str().ok_or_else(invalid)?.trim();
        let name = argument.and_then(Arg::get_env).and_then(OsStr::to_str).unwrap_or_default();
        let default = argument.and_then(|argument| argument.get_default_values().first()?.to_str());
        let default = default.unwrap_or_default();
        secrets::remember_credentials(text);
        let given = |text| Given { variable: name, text, is_default: text == default };
        let problem = match (self.read)(&given(if text.is_empty() { default } else { text })) {
            Ok(value) => return Ok(value),
            Err(problem) => problem,
        };
        let is_collected = FINDINGS.with_borrow_mut(|findings| {
            findings.iter_mut().for_each(|findings| findings.problems.push(problem.clone()));
            findings.is_some()
        });
        let fallback = if is_collected { (self.read)(&given(default)) } else { Err(problem) };
        fallback
            .map_err(|problem| clap::Error::raw(ErrorKind::ValueValidation, format!("{problem}\n")))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        match self.choices.as_slice() {
            [] => None,
            choices => Some(Box::new(choices.iter().copied().map(PossibleValue::new))),
        }
    }
}

/// Whether a text may be, or hold, a URL with credentials: in whichever variable it has been put by
/// mistake, it is not repeated.
fn may_hold_password(text: &str) -> bool {
    text.contains('@') || (text.contains("://") && text.contains('?'))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser, Debug, PartialEq)]
    #[command(mut_args(variable))]
    struct Cli {
        /// Workers
        #[arg(long, env, default_value = "4", value_parser = integer(1..=64_u16))]
        test_jobs: u16,
        /// A time
        #[arg(long, env, value_parser = duration().optional())]
        test_limit: Optional<Duration>,
        /// Not used
        #[arg(long, env, value_parser = parsed::<u8>().when_used())]
        test_unused: Checked<u8>,
        /// A way
        #[arg(long, env, default_value = "one", value_parser = one_of([("one", 1), ("two", 2)]))]
        test_way: i32,
    }

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("test").chain(arguments.iter().copied()))
    }

    #[test]
    fn all_that_is_wrong_is_collected_and_the_defaults_are_used() {
        let wrong = ["--test-jobs=65", "--test-limit=soon", "--test-way=three", "--test-unused=x"];
        let (parsed, findings) = collect(|| parse(&wrong));
        let parsed = parsed.unwrap();
        assert_eq!((parsed.test_jobs, parsed.test_limit, parsed.test_way), (4, None, 1));
        assert_eq!(parsed.test_unused.unwrap_err().variable, "TEST_UNUSED");
        let names: Vec<_> = findings.problems.iter().map(|one| one.variable.as_str()).collect();
        assert_eq!(names, ["TEST_JOBS", "TEST_LIMIT", "TEST_WAY"]);
        let shown = findings.problems[0].to_string();
        assert_eq!(shown, "TEST_JOBS: must be an integer from 1 to 64\n    found: 65");
    }

    #[test]
    fn a_wrong_value_is_no_default_where_nothing_is_collected() {
        let error = parse(&["--test-jobs=65"]).unwrap_err().to_string();
        assert!(error.contains("TEST_JOBS: must be an integer from 1 to 64"), "{error}");
    }

    #[test]
    fn empty_values_count_as_defaults_and_spaces_do_not_count() {
        let parsed = parse(&["--test-jobs= ", "--test-limit=", "--test-way= two "]).unwrap();
        assert_eq!((parsed.test_jobs, parsed.test_limit, parsed.test_way), (4, None, 2));
    }

    #[test]
    fn what_may_hold_a_password_is_not_repeated() {
        let (_, findings) = collect(|| parse(&["--test-way=redis://me:s3cret@host"]));
        assert_eq!(findings.problems[0].to_string(), "TEST_WAY: must be \"one\" or \"two\"");
    }
}
