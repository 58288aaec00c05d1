//! The secrets of the configuration: whatever a server echoes, they are replaced where something is
//! shown.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use url::form_urlencoded;

static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// In place of a secret.
const BLOT: &str = "***";

/// Remembers a key or token, also as it stands in URLs. What is shorter than a key ever is would blot
/// out half of what is shown.
pub(crate) fn remember(secret: &str) {
    let secret = secret.trim();
    if secret.len() < 4 {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for form in [secret.to_owned(), encoded] {
        if !known.contains(&form) {
            known.push(form);
        }
    }
    // One may be a part of another.
    known.sort_by_key(|one| std::cmp::Reverse(one.len()));
}

/// [`remember`] for a password, which people choose: one that may be a word is left alone, for it would
/// be replaced in the middle of sentences.
pub(crate) fn remember_password(password: &str) {
    let is_word = password.chars().all(|one| one.is_ascii_lowercase() || one == '_');
    if password.len() >= 6 && !is_word {
        remember(password);
    }
}

/// Remembers the passwords of what looks like `user:password@host`.
pub(crate) fn remember_credentials(text: &str) {
    for (at, _) in text.match_indices('@') {
        let before = text[..at].rsplit(|one: char| "/\"'`,".contains(one) || one.is_whitespace());
        let credentials = before.into_iter().next().unwrap_or_default();
        if let Some((_, password)) = credentials.split_once(':') {
            remember_password(password);
        }
    }
}

/// `text` without any secret.
pub(crate) fn without(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut shown = Cow::Borrowed(text);
    for secret in known.iter().filter(|secret| text.contains(secret.as_str())) {
        shown = Cow::Owned(shown.replace(secret.as_str(), BLOT));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_wherever_it_is_echoed() {
        remember("k3y+of/api");
        remember("k3y+of/api-and-more");
        remember("abc");
        remember_password("postgres");
        remember_password("S3cret!");
        remember_credentials(r#"[{"url":"https://me:hunter2@host/x"},"you:Pass-w0rd@host"]"#);
        for (text, shown) in [
            ("no key k3y+of/api", "no key ***"),
            ("?key=k3y%2Bof%2Fapi&x", "?key=***&x"),
            ("k3y+of/api-and-more", "***"),
            ("abc, postgresql://postgres", "abc, postgresql://postgres"),
            ("S3cret! S3cret%21", "*** ***"),
            ("hunter2 or Pass-w0rd of host", "*** or *** of host"),
        ] {
            assert_eq!(without(text), shown);
        }
    }
}
