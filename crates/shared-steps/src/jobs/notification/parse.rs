//! Parser of `NOTIFICATIONS`: a JSON list of `{url, token?, format?, on?}`, or of plain URLs.

use std::fmt;

use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use url::Url;

use super::entry::{Format, Notification, On};
use crate::http::{Secret, SecretUrl, kind};

const KEYS: &str = "url, token, format, on";

/// Everything that is wrong with a list of notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Each problem, in the order of the list.
    pub problems: Vec<Problem>,
}

/// One problem; values that may be secret are not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry, counted from 1; `None` if the whole is not a list.
    pub entry: Option<usize>,
    /// The key.
    pub key: Option<String>,
    /// What was found.
    pub found: String,
    /// What is expected.
    pub wanted: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = self.entry {
            write!(f, "entry {entry}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "\"{key}\": ")?;
        }
        write!(f, "found {}, expected {}", self.found, self.wanted)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&problems.join("; "))
    }
}

impl std::error::Error for ParseError {}

/// Parses a list of notifications; an empty string is an empty list.
///
/// # Errors
/// All problems, by entry and key.
pub fn parse(text: &str) -> Result<Vec<Notification>, ParseError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let whole = |found: String| {
        let wanted = "a JSON list such as [{\"url\": \"https://…\", \"token\": \"…\"}]".into();
        ParseError { problems: vec![Problem { entry: None, key: None, found, wanted }] }
    };
    let entries = match serde_json::from_str(text) {
        Ok(Value::Array(entries)) => entries,
        Ok(other) => return Err(whole(kind(&other).into())),
        Err(error) => return Err(whole(format!("text that is no JSON ({error})"))),
    };
    let mut problems = Vec::new();
    let mut notifications = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let mut reader = Reader { entry: index + 1, problems: &mut problems };
        notifications.extend(reader.notification(entry));
    }
    if problems.is_empty() { Ok(notifications) } else { Err(ParseError { problems }) }
}

/// Parses one entry and collects its problems.
struct Reader<'a> {
    entry: usize,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, key: Option<&str>, found: String, wanted: &str) -> Option<T> {
        self.problems.push(Problem {
            entry: Some(self.entry),
            key: key.map(str::to_owned),
            found,
            wanted: wanted.into(),
        });
        None
    }

    fn notification(&mut self, entry: &Value) -> Option<Notification> {
        let entry = match entry {
            Value::Object(entry) => entry,
            // A plain URL, as in the Node.js program's sample.
            Value::String(_) => &Map::from_iter([("url".to_owned(), entry.clone())]),
            _ => {
                return self.wrong(
                    None,
                    kind(entry).into(),
                    &format!("a URL, or an object with the keys {KEYS}"),
                );
            }
        };
        for key in entry.keys().filter(|key| !KEYS.split(", ").any(|known| known == *key)) {
            self.wrong::<()>(Some(key), "an unknown key".into(), &format!("one of {KEYS}"));
        }
        let url = self.url(entry);
        let token = self.token(entry);
        let format = self.choice(entry, "format", &[("json", Format::Json)]);
        let on = [("success", On::Success), ("failure", On::Failure), ("always", On::Always)];
        let on = self.choice(entry, "on", &on);
        Some(Notification { url: url?, token: token?, format: format?, on: on? })
    }

    fn url(&mut self, entry: &Map<String, Value>) -> Option<SecretUrl> {
        const WANTED: &str = "an http or https URL";
        let text = match entry.get("url") {
            Some(Value::String(text)) => text.trim(),
            None => return self.wrong(Some("url"), "nothing".into(), WANTED),
            Some(other) => return self.wrong(Some("url"), kind(other).into(), WANTED),
        };
        // The text may contain a password, which cannot be removed if it is not a valid URL.
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(SecretUrl(url)),
            Ok(url) => {
                self.wrong(Some("url"), format!("a URL with the scheme {}", url.scheme()), WANTED)
            }
            Err(error) => {
                self.wrong(Some("url"), format!("a text that is no URL ({error})"), WANTED)
            }
        }
    }

    /// `Some(None)`: the key is absent.
    fn token(&mut self, entry: &Map<String, Value>) -> Option<Option<Secret>> {
        match entry.get("token") {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(token)) if token.is_empty() => Some(None),
            Some(Value::String(token)) if HeaderValue::from_str(token).is_ok() => {
                Some(Some(token.as_str().into()))
            }
            Some(Value::String(_)) => self.wrong(
                Some("token"),
                "a text with characters that no HTTP header holds".into(),
                "the header Authorization, as it is to be sent",
            ),
            Some(other) => self.wrong(Some("token"), kind(other).into(), "a text"),
        }
    }

    fn choice<T: Copy + Default>(
        &mut self,
        entry: &Map<String, Value>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let wanted = || {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            format!("{} (or leave the key out)", names.join(", "))
        };
        match entry.get(key) {
            None => Some(T::default()),
            Some(Value::String(found)) => match choices.iter().find(|(name, _)| name == found) {
                Some((_, choice)) => Some(*choice),
                None => self.wrong(Some(key), format!("\"{found}\""), &wanted()),
            },
            Some(other) => self.wrong(Some(key), kind(other).into(), &wanted()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_with_their_defaults() {
        let entries = parse(
            r#"[{"url": "https://a.example/x"},
                {"url": "http://b.example", "token": "Bearer t", "format": "json", "on": "always"},
                {"url": "http://c.example", "token": null},
                {"url": "http://d.example", "token": "", "on": "success"},
                "https://e.example/x"]"#,
        )
        .unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!(entries[4].url.to_string(), "https://e.example/x");
        assert_eq!((entries[4].format, entries[4].on), (Format::Empty, On::Success));
        assert_eq!(entries[0].url.to_string(), "https://a.example/x");
        assert_eq!((entries[0].format, entries[0].on), (Format::Empty, On::Success));
        assert_eq!(entries[1].token.as_ref().unwrap().expose(), "Bearer t");
        assert_eq!((entries[1].format, entries[1].on), (Format::Json, On::Always));
        assert!(
            entries[0].token.is_none() && entries[2].token.is_none() && entries[3].token.is_none()
        );
        assert_eq!(parse(" ").unwrap(), []);
        assert_eq!(parse("[]").unwrap(), []);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let error = parse(
            r#"[{"url": "https://fine.example"},
                {"url": "not a url", "tokn": "secret-1", "on": "sometimes"},
                {"token": 7, "format": "xml"},
                7,
                {"url": "ftp://user:secret-2@host/", "token": "secret\n3", "on": true}]"#,
        )
        .unwrap_err();
        insta::assert_snapshot!(error.to_string().replace("; ", "\n"), @r#"
        entry 2: "tokn": found an unknown key, expected one of url, token, format, on
        entry 2: "url": found a text that is no URL (relative URL without a base), expected an http or https URL
        entry 2: "on": found "sometimes", expected "success", "failure", "always" (or leave the key out)
        entry 3: "url": found nothing, expected an http or https URL
        entry 3: "token": found a number, expected a text
        entry 3: "format": found "xml", expected "json" (or leave the key out)
        entry 4: found a number, expected a URL, or an object with the keys url, token, format, on
        entry 5: "url": found a URL with the scheme ftp, expected an http or https URL
        entry 5: "token": found a text with characters that no HTTP header holds, expected the header Authorization, as it is to be sent
        entry 5: "on": found a boolean, expected "success", "failure", "always" (or leave the key out)
        "#);
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn the_whole_must_be_a_list() {
        for (text, found) in [
            ("{}", "found an object, expected a JSON list such as"),
            ("\"https://a.example\"", "found a text, expected a JSON list"),
            ("[{", "found text that is no JSON (EOF while parsing"),
            ("null", "found null, expected"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(found), "{error}");
        }
    }
}
