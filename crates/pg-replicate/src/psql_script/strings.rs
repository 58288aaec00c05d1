//! Meaning of a backslash after a statement: `standard_conforming_strings`, if a script sets it literally.

use crate::postgres::sql_text::{Cursor, Strings};

const NAME: &str = "standard_conforming_strings";

/// Maximum number of tokens before the value in a statement that sets it.
const MOST_TOKENS: usize = 16;

/// The value set by `sql`, if any. `default`: the value at the start of the session.
pub(crate) fn set_by(sql: &str, strings: Strings, default: Strings) -> Option<Strings> {
    let mut at = Cursor::of_head(sql, MOST_TOKENS, strings);
    let at = &mut at;
    if at.eat(&["RESET"]) {
        return (at.eat(&["ALL"]) || is_it(at.name())).then_some(default);
    }
    if at.eat(&["SET"]) {
        let _ = at.eat(&["SESSION"]) || at.eat(&["LOCAL"]);
        if !is_it(at.name()) {
            return None;
        }
        let _ = at.eat_symbol('=') || at.eat(&["TO"]);
        if at.eat(&["DEFAULT"]) {
            return Some(default);
        }
        return at.text().or_else(|| at.name()).or_else(|| at.number()).and_then(|on| switch(&on));
    }
    if at.eat(&["SELECT"]) {
        if at.eat(&["pg_catalog"]) {
            at.eat_symbol('.');
        }
        let sets = at.eat(&["set_config"]) && at.eat_symbol('(') && is_it(at.text());
        return (sets && at.eat_symbol(',')).then(|| at.text())?.and_then(|on| switch(&on));
    }
    None
}

fn is_it(name: Option<String>) -> bool {
    name.is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// A switch as parsed by the server: any unambiguous prefix of a word.
fn switch(value: &str) -> Option<Strings> {
    let value = value.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| word.starts_with(&value));
    match value.as_str() {
        "" | "o" => None,
        "1" => Some(Strings::Standard),
        "0" => Some(Strings::Escaping),
        _ if starts(&["true", "yes", "on"]) => Some(Strings::Standard),
        _ if starts(&["false", "no", "off"]) => Some(Strings::Escaping),
        _ => None,
    }
}

/// The server's value.
pub(crate) fn of_server(value: &str) -> Strings {
    if value == "off" { Strings::Escaping } else { Strings::Standard }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sets_it() {
        let after = |sql: &str| set_by(sql, Strings::Standard, Strings::Standard);
        for sql in [
            "SET standard_conforming_strings = off",
            "/* a */ set session STANDARD_CONFORMING_STRINGS to 'False'",
            "SET LOCAL \"standard_conforming_strings\" = 0",
            "SET standard_conforming_strings = of",
            "SELECT pg_catalog.set_config('standard_conforming_strings', 'n', true)",
        ] {
            assert_eq!(after(sql), Some(Strings::Escaping), "{sql}");
        }
        for sql in [
            "SET standard_conforming_strings = on",
            "SET standard_conforming_strings TO DEFAULT",
            "RESET ALL",
            "RESET Standard_Conforming_Strings",
            "SELECT set_config('standard_conforming_strings', '1', false)",
        ] {
            assert_eq!(after(sql), Some(Strings::Standard), "{sql}");
        }
        for sql in [
            "SET standard_conforming_strings = o",
            "SET search_path = off",
            "RESET search_path",
            "SELECT 'standard_conforming_strings'",
            "INSERT INTO t VALUES ('SET standard_conforming_strings = off')",
        ] {
            assert_eq!(after(sql), None, "{sql}");
        }
        assert_eq!(
            set_by("RESET ALL", Strings::Escaping, Strings::Escaping),
            Some(Strings::Escaping)
        );
    }
}
