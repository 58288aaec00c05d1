//! The secrets of the configuration: whatever a server echoes, they are replaced where something is
//! shown.
//!
//! A key is replaced wherever it is. A password, which people choose, may be a word or a number that
//! stands in messages anyway ([`Reach`]). Where a text says that it is a password (`user:password@host`,
//! `password=…`), it is replaced whatever it is, known or not.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

static KNOWN: RwLock<Vec<Secret>> = RwLock::new(Vec::new());

/// In place of a secret.
const BLOT: &str = "***";

/// What is shorter would blot out half of what is shown.
const SHORTEST: usize = 4;

/// A password from this length on that is neither a word nor a number is in no message by chance.
const LONG: usize = 6;

/// Words of messages, ours and the servers', that people take for passwords. They tell nothing where
/// nothing says that they are one.
const WORDS: [&str; 48] = [
    "admin",
    "answers",
    "application",
    "changeme",
    "client",
    "column",
    "connection",
    "container",
    "content",
    "copy",
    "data",
    "database",
    "default",
    "dump",
    "host",
    "index",
    "learning",
    "live",
    "local",
    "localhost",
    "master",
    "password",
    "postgres",
    "postgresql",
    "prod",
    "production",
    "public",
    "queue",
    "read",
    "redis",
    "replication",
    "restore",
    "role",
    "root",
    "schema",
    "secret",
    "server",
    "session",
    "source",
    "staging",
    "superuser",
    "table",
    "target",
    "test",
    "user",
    "users",
    "worker",
    "write",
];

/// Where a secret is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everywhere,
    /// Where it is a word of its own: a part of a longer one is not it.
    Words,
}

#[derive(PartialEq, Eq)]
struct Secret {
    text: String,
    reach: Reach,
}

/// Remembers a key or token, also as it stands in URLs.
pub fn remember(secret: &str) {
    add(secret.trim(), Reach::Everywhere);
}

/// [`remember`] for a password.
pub fn remember_password(password: &str) {
    let is_word = password.chars().all(|one| one.is_ascii_lowercase() || one == '_');
    let is_number = password.chars().all(|one| one.is_ascii_digit());
    if password.len() >= LONG && !is_word && !is_number {
        add(password, Reach::Everywhere);
    } else if (password.len() >= LONG || !is_number) && !WORDS.contains(&password) {
        add(password, Reach::Words);
    }
}

fn add(secret: &str, reach: Reach) {
    if secret.len() < SHORTEST {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let of_forms: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    for text in [secret.to_owned(), of_forms, encoded] {
        let secret = Secret { text, reach };
        if !known.contains(&secret) {
            known.push(secret);
        }
    }
    // One may be a part of another.
    known.sort_by_key(|one| std::cmp::Reverse(one.text.len()));
}

/// Remembers the passwords of what looks like `user:password@host`.
pub fn remember_credentials(text: &str) {
    for (at, _) in text.match_indices('@') {
        let before = text[..at].rsplit(|one: char| "/\"'`,".contains(one) || one.is_whitespace());
        let credentials = before.into_iter().next().unwrap_or_default();
        if let Some((_, password)) = credentials.split_once(':') {
            remember_password(password);
        }
    }
}

/// `text` without any secret.
pub fn without(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut shown = Cow::Borrowed(text);
    for secret in known.iter().filter(|secret| text.contains(secret.text.as_str())) {
        shown = Cow::Owned(secret.replaced_in(&shown));
    }
    drop(known);
    for find in [in_url, after_name] {
        let mut from = 0;
        while let Some((start, end)) = find(&shown, from) {
            if is_shown(&shown[start..end]) {
                from = end;
                continue;
            }
            shown.to_mut().replace_range(start..end, BLOT);
            from = start + BLOT.len();
        }
    }
    shown
}

impl Secret {
    fn replaced_in(&self, text: &str) -> String {
        if self.reach == Reach::Everywhere {
            return text.replace(&self.text, BLOT);
        }
        let is_part =
            |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
        let mut shown = String::with_capacity(text.len());
        let mut done = 0;
        for (start, found) in text.match_indices(&self.text) {
            let end = start + found.len();
            let before = text[..start].chars().next_back();
            if !is_part(before) && !is_part(text[end..].chars().next()) {
                shown.push_str(&text[done..start]);
                shown.push_str(BLOT);
                done = end;
            }
        }
        shown.push_str(&text[done..]);
        shown
    }
}

/// What stands where a password would, and is none: a placeholder of our messages, and what was replaced before.
fn is_shown(password: &str) -> bool {
    matches!(password, "" | "password" | "…" | BLOT)
}

/// The password of the next `scheme://user:password@host` from `from` on.
fn in_url(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut from = from;
    loop {
        let start = from + text[from..].find("://")? + "://".len();
        let is_end = |one: char| "/?#\"'`<>".contains(one) || one.is_whitespace();
        let end = text[start..].find(is_end).map_or(text.len(), |end| start + end);
        let credentials = text[start..end].rfind('@').map(|at| &text[start..start + at]);
        match credentials.and_then(|credentials| credentials.split_once(':')) {
            Some((user, password)) => {
                let start = start + user.len() + 1;
                return Some((start, start + password.len()));
            }
            None => from = start,
        }
    }
}

/// The value of the next `password=…`, `PGPASSWORD='…'` or `"password": "…"` from `from` on.
fn after_name(text: &str, from: usize) -> Option<(usize, usize)> {
    const NAMES: [&str; 2] = ["password", "passwd"];
    let lower = text[from..].to_ascii_lowercase();
    let mut at = 0;
    loop {
        let ends = NAMES.iter().filter_map(|name| Some(at + lower[at..].find(name)? + name.len()));
        at = ends.min()?;
        let rest = &lower[at..];
        let sign = ["=", "\":", "':"].iter().find(|sign| rest.starts_with(**sign));
        let Some(sign) = sign else { continue };
        let value = rest[sign.len()..].trim_start_matches(if *sign == "=" { "" } else { " " });
        let start = from + at + (rest.len() - value.len());
        let quoted = value.chars().next().filter(|one| "\"'".contains(*one));
        let end = match quoted {
            Some(quote) => {
                let end = value[1..].find(quote).map_or(value.len(), |end| 1 + end);
                Some((start + 1, start + end))
            }
            None => None,
        };
        return Some(end.unwrap_or_else(|| {
            let is_end = |one: char| "&\"',;)}]".contains(one) || one.is_whitespace();
            (start, start + value.find(is_end).unwrap_or(value.len()))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_wherever_it_is_echoed() {
        remember("k3y+of/api");
        remember("k3y+of/api-and-more");
        remember("abc");
        for password in [
            "postgres",
            "S3cret!",
            "dolphin",
            "correcthorsebattery",
            "x9!z",
            "1234",
            "20261128",
            "a b",
        ] {
            remember_password(password);
        }
        remember_credentials(r#"[{"url":"https://me:hunter2@host/x"},"you:Pass-w0rd@host"]"#);
        for (text, shown) in [
            ("no key k3y+of/api", "no key ***"),
            ("?key=k3y%2Bof%2Fapi&x", "?key=***&x"),
            ("k3y+of/api-and-more", "***"),
            ("abc, postgresql://postgres", "abc, postgresql://postgres"),
            ("S3cret! S3cret%21", "*** ***"),
            ("hunter2 or Pass-w0rd of host", "*** or *** of host"),
            // A word is replaced as a word, and so is a number.
            ("\"dolphin\" in dolphins, dolphin_2", "\"***\" in dolphins, dolphin_2"),
            ("correcthorsebattery.", "***."),
            ("x9!z ax9!z", "*** ax9!z"),
            ("port 1234, 20261128 and 1202611280", "port 1234, *** and 1202611280"),
        ] {
            assert_eq!(without(text), shown);
        }
    }

    /// Known or not, and whatever it is: a word of our own messages, a number, one letter.
    #[test]
    fn a_password_in_its_place_is_replaced_whatever_it_is() {
        remember_password("database");
        for (text, shown) in [
            (
                "the database is at postgres://u:database@h/database",
                "the database is at postgres://u:***@h/database",
            ),
            ("redis://:1@h, amqp://u:a@b@h", "redis://:***@h, amqp://u:***@h"),
            ("(https://h:80/a@b:c, http://h/?x=u:p@h)", "(https://h:80/a@b:c, http://h/?x=u:p@h)"),
            ("host=h password=x user=u", "host=h password=*** user=u"),
            ("PGPASSWORD='a b' x PASSWD=é;", "PGPASSWORD='***' x PASSWD=***;"),
            ("?password=&user=u&password=p%20q&x", "?password=&user=u&password=***&x"),
            (r#"{"password": "x y", 'password':1}"#, r#"{"password": "***", 'password':***}"#),
            ("password=\"open, x", "password=\"***"),
            // Our own messages are not garbled.
            (
                "must be postgresql://user:password@host:port/database",
                "must be postgresql://user:password@host:port/database",
            ),
            (
                "postgresql://u:***@h: password authentication failed",
                "postgresql://u:***@h: password authentication failed",
            ),
            ("the password: is wrong", "the password: is wrong"),
        ] {
            assert_eq!(without(text), shown);
            assert_eq!(without(&without(text)), shown, "again");
        }
    }
}
