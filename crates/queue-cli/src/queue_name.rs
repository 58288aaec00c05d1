//! Queue names on the command line.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::Error as ClapError;
use pipeline::Step;

/// Parser of a queue's name, with all names for help and completion.
#[derive(Clone)]
pub(crate) struct QueueName;

impl TypedValueParser for QueueName {
    type Value = Step;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Step, ClapError> {
        (|name: &str| Step::from_name(name)).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Step::all().map(|step| PossibleValue::new(step.slug))))
    }
}
