//! History of previous sessions.

use std::ffi::OsString;
use std::path::PathBuf;

/// Location of the history: the user's state directory according to the XDG base directory specification.
/// `None` if the user has no home directory.
pub(crate) fn file(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let directory = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        directory("XDG_STATE_HOME").or_else(|| Some(directory("HOME")?.join(".local/state")))?;
    Some(state.join("queue-cli/history"))
}

/// Whether a line may be kept: not if it may contain a password.
pub(crate) fn may_be_kept(line: &str) -> bool {
    let words = shlex::split(line).unwrap_or_default();
    let secret = |word: &String| {
        word.contains("://")
            || ["--password", "--uri", "--url", "-u"].iter().any(|option| word.starts_with(option))
    };
    words.first().is_none_or(|word| word != "connect") || !words.iter().any(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_stands_in_the_state_directory() {
        let of = |state: Option<&str>, home: Option<&str>| {
            let (state, home) = (state.map(OsString::from), home.map(OsString::from));
            file(|name| if name == "HOME" { home.clone() } else { state.clone() })
        };
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(of(Some("/state"), Some("/root")), path("/state/queue-cli/history"));
        assert_eq!(of(None, Some("/root")), path("/root/.local/state/queue-cli/history"));
        assert_eq!(of(Some("relative"), None), None);
    }

    #[test]
    fn a_password_is_not_kept() {
        for line in [
            "connect notification --password secret",
            "connect notification --password=secret",
            "connect notification -u redis://:secret@host",
            "connect notification -uredis://:secret@host",
            "connect notification --url redis://:secret@host",
            "connect notification --uri=redis://:secret@host",
        ] {
            assert!(!may_be_kept(line), "{line}");
        }
        for line in
            ["connect notification", "stats", "add '{\"-u\": 1}'", "connect notification -p 1"]
        {
            assert!(may_be_kept(line), "{line}");
        }
    }
}
