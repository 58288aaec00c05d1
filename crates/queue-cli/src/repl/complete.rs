//! Completion of commands, options and queue names in a session.

use clap::CommandFactory;
use pipeline::Step;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::line::Line;

/// Options whose value is a queue.
const QUEUE_OPTIONS: [&str; 2] = ["--queue", "-Q"];

/// Completes lines of a session.
pub(crate) struct Completion {
    commands: clap::Command,
}

impl Completion {
    pub(crate) fn new() -> Self {
        let mut commands = Line::command();
        // Adds the global options to each command.
        commands.build();
        Self { commands }
    }

    /// Start of the last word of `line`, and its completions.
    fn candidates(&self, line: &str) -> (usize, Vec<String>) {
        let start = last_word(line);
        let (before, word) = line.split_at(start);
        let before: Vec<&str> = before.split_whitespace().collect();
        let mut all = match (before.first(), before.last()) {
            (None, _) => self.names(&self.commands),
            (Some(&"connect"), Some(&"connect")) => queues(),
            (_, Some(last)) if QUEUE_OPTIONS.contains(last) => queues(),
            (Some(command), _) => match self.commands.find_subcommand(command) {
                Some(command) if word.starts_with('-') => options(command),
                Some(command) => self.names(command),
                None => Vec::new(),
            },
        };
        let typed = word.to_lowercase();
        all.retain(|candidate| candidate.to_lowercase().starts_with(&typed));
        (start, all)
    }

    #[expect(clippy::unused_self, reason = "reads as one of the places names come from")]
    fn names(&self, command: &clap::Command) -> Vec<String> {
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect()
    }
}

fn options(command: &clap::Command) -> Vec<String> {
    command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .map(|long| format!("--{long}"))
        .collect()
}

/// Both names of each queue; the long one needs quotes.
fn queues() -> Vec<String> {
    let slugs = Step::all().map(|step| step.slug.to_owned());
    slugs.chain(Step::all().map(|step| format!("\"{}\"", step.queue))).collect()
}

/// Start of the last word; spaces within quotes belong to a word.
fn last_word(line: &str) -> usize {
    let (mut start, mut quote) = (0, None);
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => start = at + c.len_utf8(),
            None => {}
        }
    }
    start
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, candidates) = self.candidates(&line[..position]);
        let pair = |text: String| Pair { replacement: format!("{text} "), display: text };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_queues_and_options_are_completed() {
        let completion = Completion::new();
        let of = |line: &str| completion.candidates(line);
        assert_eq!(of("ret"), (0, vec!["retry".into(), "retry-failed".into()]));
        assert_eq!(of("events-"), (0, vec!["events-on".into(), "events-off".into()]));
        assert_eq!(of("connect not"), (8, vec!["notification".into()]));
        assert_eq!(
            of("connect \"learning c"),
            (8, vec!["\"Learning Content replication queue\"".into()])
        );
        assert_eq!(of("stats --queue inc"), (14, vec!["incremental-replication".into()]));
        assert_eq!(of("failed --que"), (7, vec!["--query".into(), "--queue".into()]));
        assert_eq!(of("repeatables r"), (12, vec!["rm".into()]));
        assert_eq!(of("nothing_such x"), (13, Vec::new()));
        let (_, all) = of("");
        assert!(all.iter().any(|name| name == "connect") && all.iter().any(|name| name == "watch"));
    }
}
