//! `sample.env`, from the options of a command: every variable under its heading, with its help.

use clap::{Arg, Command};

/// Characters of a line, without the sign of a comment.
const WIDTH: usize = 98;

const HEAD: &str = "\
# Copy this file to .env and edit it. It documents every variable; `worker --help` does the same.
# A variable that is empty or commented out has the default given here. Variables that are already set
# in the environment take precedence over this file.
# The file is read as npm's dotenv reads it: a value may be quoted with ', \" or `; an unquoted value
# ends at a #. Nothing is substituted: a $ is a $.
";

pub(crate) fn of(command: &Command) -> String {
    let mut text = HEAD.to_owned();
    let mut heading = None;
    for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
        if argument.get_help_heading() != heading {
            heading = argument.get_help_heading();
            let title = heading.unwrap_or_default().to_uppercase();
            let rule = "=".repeat(title.len() + 2);
            text += &format!("\n# {rule}\n#  {title}\n# {rule}\n");
        }
        text += &entry(argument);
    }
    text
}

/// The help, the default, and the variable: commented out with an example if it has no default.
fn entry(argument: &Arg) -> String {
    let name = argument.get_env().unwrap().to_str().unwrap();
    let help = argument.get_long_help().or(argument.get_help()).unwrap().to_string();
    let (help, example) = help.split_once("\n\nExample: ").unwrap_or((&help, ""));
    let default = argument.get_default_values().first().unwrap().to_str().unwrap();
    let mut text = "\n".to_owned();
    for line in help.lines().flat_map(wrapped) {
        text += format!("# {line}").trim_end();
        text.push('\n');
    }
    if default.is_empty() {
        text + &format!("# {name}={}\n", quoted(example))
    } else {
        text + &format!("# Default: {default}\n{name}={}\n", quoted(default))
    }
}

fn wrapped(paragraph: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in paragraph.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn quoted(value: &str) -> String {
    if value.contains([' ', '#', '"', '*']) { format!("'{value}'") } else { value.to_owned() }
}
