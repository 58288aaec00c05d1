//! Redaction of URLs, errors and responses.

use std::error::Error;

use serde_json::Value;
use url::Url;

/// Maximum number of characters of a response in an error.
const EXCERPT: usize = 200;

/// `url` without its password and the values of its query, which are often keys.
#[must_use]
pub fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    if shown.password().is_some() {
        let _ = shown.set_password(Some("***"));
    } else if !shown.username().is_empty() {
        // A user without a password may be a key, as in https://key@host.
        let _ = shown.set_username("***");
    }
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    if !names.is_empty() {
        shown.set_query(None);
        let query: Vec<_> = names.iter().map(|name| format!("{name}=***")).collect();
        return format!("{shown}?{}", query.join("&"));
    }
    shown.into()
}

/// The error of a request and its causes, without the URL, which may contain secrets.
pub fn describe(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}

/// An error with all its causes, each unless what is above it says it already.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The beginning of a response on one line, without `secret`, in case the server echoed it.
pub fn excerpt(body: &[u8], secret: &str) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(16 * EXCERPT)]);
    let text = if secret.is_empty() { text.into_owned() } else { text.replace(secret, "***") };
    let shown: String = text.chars().take(EXCERPT).flat_map(char::escape_debug).collect();
    if text.chars().nth(EXCERPT).is_some() || body.len() > 16 * EXCERPT {
        format!("{shown}…")
    } else {
        shown
    }
}

/// The type of a JSON value, without its content.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        redacted(&url.parse().unwrap())
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        assert_eq!(shown("https://example.net/hook"), "https://example.net/hook");
        assert_eq!(shown("https://joe:pw@example.net/hook"), "https://joe:***@example.net/hook");
        assert_eq!(shown("https://key@example.net/"), "https://***@example.net/");
        assert_eq!(
            shown("https://example.net/hook?token=abc&team=a%26b#end"),
            "https://example.net/hook?token=***&team=***"
        );
    }

    #[test]
    fn an_answer_is_shown_shortened_and_without_the_key() {
        assert_eq!(excerpt(b"<html>\n\"key123\"", "key123"), "<html>\\n\\\"***\\\"");
        assert_eq!(excerpt("é".repeat(500).as_bytes(), ""), format!("{}…", "é".repeat(200)));
        assert_eq!(excerpt(b"", "key"), "");
    }
}
