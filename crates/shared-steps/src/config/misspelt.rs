//! Misspelt variables: those that are set, have no meaning here, and are almost named as one that has.

use clap::Command;

/// Letters that may differ.
const MOST_DIFFERENT: usize = 2;

/// Shorter names are too often almost another one.
const SHORTEST: usize = 6;

/// For each of the variables `set` that is no option of `command` but almost one: a sentence.
pub(super) fn warnings(command: &Command, set: impl Iterator<Item = String>) -> Vec<String> {
    let known: Vec<&str> = command
        .get_arguments()
        .chain(command.get_subcommands().flat_map(Command::get_arguments))
        .filter_map(|argument| argument.get_env()?.to_str())
        .collect();
    set.filter(|name| name.len() >= SHORTEST && !known.contains(&name.as_str()))
        .filter_map(|name| {
            let distance = |known: &&&str| strsim::damerau_levenshtein(&name, known);
            let nearest =
                known.iter().filter(|known| known.len() >= SHORTEST).min_by_key(distance)?;
            (distance(&nearest) <= MOST_DIFFERENT).then(|| {
                format!("{name} is not a known variable and has no effect; did you mean {nearest}?")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::config::Options;

    fn of(names: &[&str]) -> Vec<String> {
        let command = Options::augment_args(Command::new("worker"));
        warnings(&command, names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn what_is_almost_a_variable_is_named() {
        let said = of(&["SHEDULE", "LOG_LEVLE", "SOURCE_DATABASE_URI"]);
        assert_eq!(
            said[0],
            "SHEDULE is not a known variable and has no effect; did you mean SCHEDULE?"
        );
        assert!(
            said[1].contains("LOG_LEVEL?") && said[2].contains("SOURCE_DATABASE_URL?"),
            "{said:?}"
        );
    }

    #[test]
    fn what_is_a_variable_or_far_from_one_is_not() {
        let names = [
            "SCHEDULE",
            "MIN_TIMEOUT",
            "MAX_TIMEOUT",
            "HOSTNAME",
            "PATH",
            "PORTS",
            "SCALINGO_POSTGRESQL_URL",
        ];
        assert_eq!(of(&names), [""; 0]);
    }
}
