//! The syntax of `.env`, with the rules of npm's `dotenv` 16 and 17: `NAME=value` or `NAME: value`,
//! `export` before it; a value between ', " or ` may hold line breaks and #, any other ends at the
//! line's end or at a #; \n and \r are line breaks between double quotes alone; nothing is
//! substituted.
//!
//! Where `dotenv` is silent (a line that is no assignment is skipped, a quote that is never closed is
//! part of the value) there is an error: it is a mistake that would be found out much later.

/// A variable and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
}

/// A line that cannot be read; its value, which may be a secret, is not repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

/// Every variable of a file once, with the last value that it gets there.
pub(super) fn read(text: &str) -> Result<Vec<Assignment>, Unreadable> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut assignments: Vec<Assignment> = Vec::new();
    let mut at = skip_space(&text, 0);
    while at < text.len() {
        if text[at..].starts_with('#') {
            at = skip_space(&text, end_of_line(&text, at));
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let unreadable = |reason: String| Unreadable { line, reason };
        let Some((name, value_at)) = name(&text, at) else {
            return Err(unreadable("expected NAME=value or a comment (#)".into()));
        };
        let (value, end) = match value(&text, value_at) {
            Ok(read) => read,
            Err(quote) => {
                return Err(unreadable(format!(
                    "{name}: the value begins with {quote}, and no {quote} ends it; write the \
                     value between other quotes if this one is part of it"
                )));
            }
        };
        if value.contains('\0') {
            return Err(unreadable(format!("{name}: the value holds a zero byte")));
        }
        assignments.retain(|one| one.name != name);
        assignments.push(Assignment { name: name.to_owned(), value });
        at = skip_space(&text, end);
    }
    Ok(assignments)
}

/// The name that begins at `at`, and where its value begins.
fn name(text: &str, at: usize) -> Option<(&str, usize)> {
    let exported = text[at..]
        .strip_prefix("export")
        .filter(|rest| rest.starts_with(is_space))
        .and_then(|rest| plain_name(text, skip_space(text, text.len() - rest.len())));
    exported.or_else(|| plain_name(text, at))
}

fn plain_name(text: &str, at: usize) -> Option<(&str, usize)> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '.' | '-');
    let length = text[at..].find(|one| !is_part(one)).unwrap_or(text.len() - at);
    let (name, rest) = text[at..].split_at_checked(length).filter(|(name, _)| !name.is_empty())?;
    let value = match rest.strip_prefix(':') {
        Some(value) => value.strip_prefix(is_space)?,
        None => rest.trim_start_matches(is_space).strip_prefix('=')?,
    };
    Some((name, text.len() - value.len()))
}

/// The value that begins at `at`, and where the line ends that it ends in; or the quote that is not
/// closed.
fn value(text: &str, at: usize) -> Result<(String, usize), char> {
    let first = text[skip_space(text, at)..].chars().next();
    let quote = first.filter(|one| matches!(one, '\'' | '"' | '`'));
    if let Some(quote) = quote {
        let start = skip_space(text, at);
        if let Some(end) = closing(text, start + 1, quote) {
            let value = expanded(&text[start + 1..end], quote);
            return Ok((value, end_of_line(text, end)));
        }
    }
    let end = end_of_line(text, at);
    let unquoted = text[at..end].split('#').next().unwrap_or_default().trim_matches(is_space);
    match unquoted.chars().next().filter(|one| matches!(one, '\'' | '"' | '`')) {
        Some(quote) => match unquoted[1..].strip_suffix(quote) {
            Some(inner) => Ok((expanded(inner, quote), end)),
            // As in `'a' and 'b'x`: quotes within a value.
            None if unquoted[1..].contains(quote) => Ok((expanded(unquoted, quote), end)),
            None => Err(quote),
        },
        None => Ok((unquoted.to_owned(), end)),
    }
}

/// Where a value ends that began before `at` with `quote`: nothing but a comment follows on its line.
/// The last such quote counts, as long as each before it has a backslash.
fn closing(text: &str, at: usize, quote: char) -> Option<usize> {
    let mut found = None;
    for (offset, _) in text[at..].match_indices(quote) {
        let after = text[at + offset + 1..].trim_start_matches(|one| is_space(one) && one != '\n');
        if after.is_empty() || after.starts_with(['\n', '#']) {
            found = Some(at + offset);
        }
        if !text[at..at + offset].ends_with('\\') {
            break;
        }
    }
    found
}

fn expanded(value: &str, quote: char) -> String {
    match quote {
        '"' => value.replace("\\n", "\n").replace("\\r", "\r"),
        _ => value.to_owned(),
    }
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length)
}

fn skip_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_space).len()
}

/// JavaScript's `\s`.
fn is_space(one: char) -> bool {
    one == '\u{feff}' || (one.is_whitespace() && one != '\u{85}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn values(text: &str) -> BTreeMap<String, String> {
        read(text).unwrap().into_iter().map(|one| (one.name, one.value)).collect()
    }

    /// What npm's package reads from each text; `tests/interop` asks the package itself.
    #[test]
    fn texts_are_read_as_dotenv_of_npm_reads_them() {
        let cases = include_str!("../../../../../tests/interop/dotenv-cases.json");
        let cases: Vec<(String, BTreeMap<String, String>)> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() >= 50);
        for (text, expected) in cases {
            assert_eq!(values(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_line_and_variable_and_not_shown() {
        for (text, line, reason) in [
            ("A=1\n\nB C=s3cret\n", 3, "expected NAME=value"),
            ("# a\nPASSWORD='s3cret\n", 2, "PASSWORD: the value begins with '"),
            ("X=\"a\nb\"\nexport A_KEY=\"s3cret # x\nC=1", 3, "A_KEY: the value begins with \""),
            ("A=`s3cret", 1, "A: the value begins with `"),
            ("A=1\nB=s3\0cret", 2, "B: the value holds a zero byte"),
            ("A:s3cret", 1, "expected NAME=value"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.reason.starts_with(reason), "{text}: {}", error.reason);
            assert!(!error.reason.contains("s3"), "{}", error.reason);
        }
    }

    /// The documented way: copy the file, take the # away where a value is wanted.
    #[test]
    fn every_line_of_sample_env_can_be_read_with_and_without_its_comment_sign() {
        let sample = include_str!("../../../../../sample.env");
        let mut found = 0;
        for line in sample.lines() {
            let text = line.trim_start_matches("# ");
            let Some((name, written)) = text.split_once('=') else { continue };
            if name.is_empty() || !name.chars().all(|one| one.is_ascii_uppercase() || one == '_') {
                continue;
            }
            let quoted =
                written.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
            let expected = quoted.unwrap_or(written);
            assert_eq!(values(text).get(name).map(String::as_str), Some(expected), "{line}");
            found += 1;
        }
        assert!(found > 60, "{found}");
        read(sample).unwrap();
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([A-C =:#'\"`\\\\n\n\r]|export|\\PC){0,40}") {
            let _ = read(&text);
        }

        /// Between quotes that it does not hold, any value can be written.
        #[test]
        fn a_quoted_value_is_what_stands_between_the_quotes(value in "[^'\\\\\r\0]{0,30}", comment in "( #[ -~]*)?") {
            let text = format!("B=1\nA='{value}'{comment}\nC=2");
            let read = values(&text);
            prop_assert_eq!(read.get("A"), Some(&value));
            prop_assert_eq!(read.len(), 3);
        }
    }
}
