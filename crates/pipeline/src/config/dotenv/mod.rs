//! The `.env` file: parsed like npm's `dotenv`, and added to the environment.

mod syntax;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use syntax::{Assignment, Unreadable};

/// Loads `.env` from this directory or the nearest one above that has it, unless `NODE_ENV` is
/// `production` or `test`. Variables that are set already stay as they are.
///
/// # Errors
/// A sentence that names the file, the line and the variable that cannot be read.
pub(super) fn load() -> Result<(), String> {
    if matches!(std::env::var("NODE_ENV").as_deref(), Ok("production" | "test")) {
        return Ok(());
    }
    match find() {
        Some(file) => load_file(&file),
        None => Ok(()),
    }
}

fn find() -> Option<PathBuf> {
    let directory = std::env::current_dir().ok()?;
    directory.ancestors().map(|directory| directory.join(".env")).find(|file| file.is_file())
}

fn load_file(file: &Path) -> Result<(), String> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    let assignments = syntax::read(&text)
        .map_err(|Unreadable { line, reason }| format!("{shown}, line {line}: {reason}"))?;
    let unset = assignments.iter().filter(|one| std::env::var_os(&one.name).is_none());
    // The environment of a process can only be changed by unsafe code, which dotenvy has.
    dotenvy::from_read(as_dotenvy_reads(unset).as_bytes()).map_err(|error| {
        // Its errors repeat the line, which may hold a secret.
        let reason =
            if matches!(error, dotenvy::Error::LineParse(..)) { "" } else { &error.to_string() };
        format!("{shown} could not be put into the environment {reason}").trim_end().to_owned()
    })
}

/// The same assignments in dotenvy's own syntax. A name that it refuses is no variable of anything
/// that is run here.
fn as_dotenvy_reads<'a>(assignments: impl Iterator<Item = &'a Assignment>) -> String {
    let mut text = String::new();
    for Assignment { name, value } in assignments {
        if name.starts_with(|one: char| one.is_ascii_digit() || one == '.') || name.contains('-') {
            continue;
        }
        let _ = write!(text, "{name}=\"");
        for one in value.chars() {
            match one {
                '\n' => text.push_str("\\n"),
                '\\' | '"' | '$' => text.extend(['\\', one]),
                _ => text.push(one),
            }
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through_dotenvy(assignments: &[Assignment]) -> Vec<(String, String)> {
        let text = as_dotenvy_reads(assignments.iter());
        dotenvy::from_read_iter(text.as_bytes()).map(Result::unwrap).collect()
    }

    proptest! {
        /// Whatever was read arrives as it was read: nothing is substituted on the way.
        #[test]
        fn every_value_goes_through_dotenvy(
            name in "[A-Za-z_][A-Za-z0-9_.]{0,8}",
            value in "([ -~]|[\\\\'\"`$#{}\n\r\t é]){0,24}",
        ) {
            let assignments = [Assignment { name: name.clone(), value: value.clone() }];
            prop_assert_eq!(through_dotenvy(&assignments), [(name, value)]);
        }
    }

    #[test]
    fn names_that_no_program_here_has_are_left_out() {
        let one = |name: &str| Assignment { name: name.into(), value: "1".into() };
        let all = ["a-b", "1A", ".A", "-", "A"].map(one);
        assert_eq!(through_dotenvy(&all), [("A".to_owned(), "1".to_owned())]);
    }
}
