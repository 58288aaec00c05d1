//! psql commands that a script with data may contain.

use crate::psql_script::variables::Variables;

/// Effect of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, or without effect here.
    Done,
    /// Discards the statement read so far.
    Forget,
    /// Prints a text.
    Said(String),
    /// Not supported, with the reason and what to do.
    Refused(String),
}

/// Executes `text`, from its backslash to the end of its line.
pub(crate) fn run(text: &str, variables: &mut Variables) -> Outcome {
    let text = text.trim();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim());
    match name {
        "\\set" | "\\unset" => match arguments(rest, variables) {
            Err(reason) => Outcome::Refused(format!("{name}: {reason}")),
            Ok(arguments) => {
                if let Some((variable, values)) = arguments.split_first() {
                    if name == "\\unset" {
                        variables.unset(variable);
                    } else {
                        return set(variable, values, variables);
                    }
                }
                Outcome::Done
            }
        },
        "\\echo" | "\\qecho" | "\\warn" => Outcome::Said(rest.to_owned()),
        // They change what psql prints, or protect pg_dump's own scripts.
        "\\timing" | "\\pset" | "\\x" | "\\t" | "\\a" | "\\f" | "\\H" | "\\restrict"
        | "\\unrestrict" => Outcome::Done,
        "\\r" | "\\reset" => Outcome::Forget,
        "\\encoding" => encoding(rest),
        "\\connect" | "\\c" => Outcome::Refused(format!(
            "{name} connects to another database, but everything is loaded into DATABASE_URL; remove the line"
        )),
        "\\i" | "\\ir" | "\\include" | "\\include_relative" => Outcome::Refused(format!(
            "{name} reads another file: name that file with --from, in its order"
        )),
        "\\copy" => Outcome::Refused(
            "\\copy reads a file of this machine: write its rows below COPY … FROM stdin, up to a line \\.".into(),
        ),
        "\\." => Outcome::Refused("\\. ends rows of COPY, and there are none".into()),
        "\\!" => Outcome::Refused("\\! runs a program: take the line out".into()),
        _ => Outcome::Refused(format!(
            "{name} is a command of psql that does not load data: take it out; known are \\set, \\unset, \\echo, \\encoding, \\restrict and \\."
        )),
    }
}

fn set(variable: &str, values: &[String], variables: &mut Variables) -> Outcome {
    let value = values.concat();
    if variable == "ON_ERROR_STOP" && !is_true(&value) {
        return Outcome::Said(format!(
            "\\set ON_ERROR_STOP {value} is without effect: everything is one transaction, and the first error ends it"
        ));
    }
    variables.set(variable.to_owned(), values);
    Outcome::Done
}

/// A switch, as parsed by psql.
fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "on" | "true" | "t" | "yes" | "y" | "1")
}

fn encoding(name: &str) -> Outcome {
    if is_utf8(name) { Outcome::Done } else { Outcome::Refused(not_utf8(name)) }
}

/// Whether `name` is PostgreSQL's name for UTF-8, or for an encoding whose bytes are used unchanged.
pub(crate) fn is_utf8(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(letters.to_ascii_lowercase().as_str(), "utf8" | "unicode" | "sqlascii")
}

pub(crate) fn not_utf8(name: &str) -> String {
    format!(
        "the encoding {name} cannot be read: make the file with pg_dump --encoding=UTF8, or turn it into UTF-8 with iconv"
    )
}

/// psql's arguments: words with single-quoted or double-quoted parts, and variables.
fn arguments(mut rest: &str, variables: &Variables) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    rest = rest.trim_start();
    while !rest.is_empty() {
        let mut argument = String::new();
        while let Some(first) = rest.chars().next() {
            match first {
                _ if first.is_whitespace() => break,
                '\'' => rest = quoted(rest, &mut argument)?,
                '"' => {
                    let end = rest[1..].find('"').ok_or("a double quote is never closed")?;
                    argument.push_str(&rest[1..=end]);
                    rest = &rest[end + 2..];
                }
                '`' => return Err("text in backquotes would be run as a program".into()),
                ':' => rest = variable(rest, &mut argument, variables),
                _ => {
                    argument.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        found.push(argument);
        rest = rest.trim_start();
    }
    Ok(found)
}

/// `'…'` with psql's escapes; returns the rest of the text.
fn quoted<'a>(text: &'a str, argument: &mut String) -> Result<&'a str, String> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, one)) = characters.next() {
        match one {
            '\'' if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
                argument.push('\'');
            }
            '\'' => return Ok(&text[at + 1..]),
            '\\' => match characters.next() {
                Some((_, 'n')) => argument.push('\n'),
                Some((_, 't')) => argument.push('\t'),
                Some((_, 'r')) => argument.push('\r'),
                Some((_, other)) => argument.push(other),
                None => break,
            },
            _ => argument.push(one),
        }
    }
    Err("a quote is never closed".into())
}

/// `:name`; a colon without a variable stands for itself.
fn variable<'a>(text: &'a str, argument: &mut String, variables: &Variables) -> &'a str {
    let rest = &text[1..];
    let end = rest.find(|one: char| !(one.is_alphanumeric() || one == '_')).unwrap_or(rest.len());
    match variables.get(&rest[..end]) {
        Some(value) => {
            argument.push_str(value);
            &rest[end..]
        }
        None => {
            argument.push(':');
            rest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_and_unset() {
        let mut variables = Variables::default();
        let mut done = |text: &str| assert_eq!(run(text, &mut variables), Outcome::Done, "{text}");
        done("\\set ON_ERROR_STOP on");
        done("\\set ON_ERROR_STOP");
        done("\\set a 'it''s\\n' \"b c\"\td\r");
        done("\\set b x:a:c");
        done("\\set gone 1");
        done("\\unset gone");
        done("\\set");
        assert_eq!(variables.get("a"), Some("it's\nb cd"));
        assert_eq!(variables.get("b"), Some("xit's\nb cd:c"));
        assert_eq!(variables.get("gone"), None);
    }

    #[test]
    fn what_is_refused_says_what_to_do() {
        for (text, advice) in [
            ("\\connect other", "DATABASE_URL"),
            ("\\c", "DATABASE_URL"),
            ("\\i more.sql", "--from"),
            ("\\copy t from 'x'", "COPY … FROM stdin"),
            ("\\set x `date`", "program"),
            ("\\set x 'a", "never closed"),
            ("\\gexec", "\\gexec"),
            ("\\encoding LATIN1", "iconv"),
            ("\\.", "none"),
        ] {
            let Outcome::Refused(reason) = run(text, &mut Variables::default()) else {
                panic!("{text}");
            };
            assert!(reason.contains(advice), "{reason}");
        }
        let said = run("\\set ON_ERROR_STOP off", &mut Variables::default());
        assert!(matches!(said, Outcome::Said(text) if text.contains("without effect")));
        assert_eq!(run("\\encoding 'utf-8'", &mut Variables::default()), Outcome::Done);
        assert_eq!(run("\\restrict aB3", &mut Variables::default()), Outcome::Done);
    }
}
