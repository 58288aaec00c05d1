//! PostgreSQL's error messages in a form that may be shown: they quote values of rows, which masking may
//! have to hide.

use std::sync::atomic::{AtomicBool, Ordering};

/// Replaces what is left out.
pub(crate) const HIDDEN: &str = "…";

static HIDES: AtomicBool = AtomicBool::new(false);

/// Removes values of rows from this process's error messages from now on; SQLSTATE, object and position
/// stay.
pub fn hide_error_values() {
    HIDES.store(true, Ordering::Relaxed);
}

/// Whether values of rows are removed.
pub(crate) fn hides() -> bool {
    HIDES.load(Ordering::Relaxed)
}

/// Message, SQLSTATE, detail, hint and position, or the connection's error; without values of rows if they
/// are hidden ([`hide_error_values`]).
#[must_use]
pub fn reason(error: &tokio_postgres::Error) -> String {
    if hides() {
        return reason_without_values(error);
    }
    let Some(server) = error.as_db_error() else { return of_connection(error) };
    let mut text = format!("{} ({})", server.message(), server.code().code());
    for more in [server.detail(), server.hint(), server.where_()].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(more);
    }
    text
}

/// A value of a row, as quoted by errors.
#[must_use]
pub fn quoted_value(value: &str) -> &str {
    if hides() { HIDDEN } else { value }
}

/// [`reason`] for expressions that mask a column: values are never shown.
pub(crate) fn reason_without_values(error: &tokio_postgres::Error) -> String {
    let Some(server) = error.as_db_error() else { return of_connection(error) };
    let said =
        Said { code: server.code().code(), is_raised: server.routine() == Some("exec_stmt_raise") };
    let mut text = format!("{} ({})", said.message(server.message()), said.code);
    let kept = [
        server.detail().filter(|_| said.tells_of_objects()),
        server.hint().filter(|_| !said.is_raised),
    ];
    for more in kept.into_iter().flatten() {
        text.push_str("; ");
        text.push_str(more);
    }
    if let Some(place) = server.where_() {
        text.push_str("; ");
        text.push_str(&position(place));
    }
    let names = [
        ("table", server.table()),
        ("column", server.column()),
        ("constraint", server.constraint()),
    ];
    for (what, name) in names {
        if let Some(name) = name.filter(|name| !text.contains(*name)) {
            text.push_str(&format!("; {what} {name}"));
        }
    }
    text
}

fn of_connection(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// The output of a PostgreSQL client program, without values of rows if they are hidden.
pub(crate) fn output(text: &str) -> String {
    if hides() { output_without_values(text) } else { text.to_owned() }
}

/// An error of the server.
struct Said<'a> {
    code: &'a str,
    /// Raised by a user's function: may contain anything.
    is_raised: bool,
}

impl Said<'_> {
    /// Whether its class concerns objects, sessions or the server, and not values.
    fn tells_of_objects(&self) -> bool {
        const CLASSES: [&str; 15] = [
            "08", "0A", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58",
            "F0",
        ];
        !self.is_raised && CLASSES.iter().any(|class| self.code.starts_with(class))
    }

    fn message(&self, message: &str) -> String {
        // A constraint's message names it; the row is in the detail.
        if self.tells_of_objects() || (self.code.starts_with("23") && !self.is_raised) {
            return message.to_owned();
        }
        // Data exceptions quote the value after the description, in any language.
        if self.code.starts_with("22") && !self.is_raised {
            return up_to_value(message);
        }
        format!("the message is hidden ({HIDDEN})")
    }
}

/// A text up to the first quoted value.
fn up_to_value(text: &str) -> String {
    let end = text.find(['"', '\'', '«', '»', '„', '“', '”', '‘', '’', '「']).into_iter();
    match end.chain(text.find("0x")).min() {
        Some(end) => format!("{}{HIDDEN}", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first line of a CONTEXT up to the value: `COPY t, line 3, column c`.
fn position(place: &str) -> String {
    let line = place.lines().next().unwrap_or_default();
    let line = line.split(": ").next().unwrap_or_default();
    up_to_value(line).trim_end_matches([' ', ':']).to_owned()
}

/// Labels that client programs print before the parts of an error.
const LABELS: [&str; 9] = [
    "DETAIL:",
    "HINT:",
    "CONTEXT:",
    "STATEMENT:",
    "QUERY:",
    "ERROR:",
    "Command was:",
    "pg_restore:",
    "pg_dump:",
];

fn output_without_values(text: &str) -> String {
    let mut starts: Vec<usize> =
        LABELS.iter().flat_map(|label| text.match_indices(label).map(|(at, _)| at)).collect();
    starts.extend([0, text.len()]);
    starts.sort_unstable();
    starts.dedup();
    let is_raised = text.contains(" at RAISE");
    let parts =
        starts.windows(2).map(|ends| part_without_values(&text[ends[0]..ends[1]], is_raised));
    parts.collect()
}

fn part_without_values(part: &str, is_raised: bool) -> String {
    let (label, rest) = match LABELS.iter().find(|label| part.starts_with(**label)) {
        Some(label) => part.split_at(label.len()),
        None => ("", part),
    };
    // The separators between the parts are kept.
    let body = rest.trim_end_matches([' ', '\n', ';']);
    let end = &rest[body.len()..];
    let shown = match label {
        "HINT:" | "Command was:" => body.to_owned(),
        "DETAIL:" | "STATEMENT:" | "QUERY:" => format!(" {HIDDEN}"),
        "CONTEXT:" => format!(" {}", position(body.trim_start())),
        "ERROR:" if is_raised => format!(" {HIDDEN}"),
        _ => quoted_hidden(body),
    };
    format!("{label}{shown}{end}")
}

/// Without values that a message quotes after a colon or the word `value`; names are kept.
fn quoted_hidden(text: &str) -> String {
    let openings = [
        ": \"",
        ": «",
        ": „",
        ": “",
        "value \"",
        "values (",
        "valeur «",
        "Wert »",
        "Wert „",
        ": 0x",
    ];
    match openings.iter().filter_map(|opening| Some(text.find(opening)? + opening.len())).min() {
        Some(end) => {
            let kept = &text[..end];
            let kept = kept.trim_end_matches(['"', '«', '»', '„', '“', '(']);
            format!("{}{HIDDEN}", kept.strip_suffix("0x").unwrap_or(kept))
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_no_value() {
        for (context, expected) in [
            ("COPY users, line 3, column age: \"s3cret\"", "COPY users, line 3, column age"),
            ("COPY users, line 3: \"s3cret\ts3cret\"\nmore s3cret", "COPY users, line 3"),
            ("COPY users, ligne 3, colonne c : « s3cret »", "COPY users, ligne 3, colonne c"),
            ("JSON data, line 1: {\"a\": s3cret", "JSON data, line 1"),
            ("SQL statement \"INSERT INTO x VALUES ('s3cret')\"", "SQL statement …"),
            (
                "PL/pgSQL function f(integer) line 3 at assignment",
                "PL/pgSQL function f(integer) line 3 at assignment",
            ),
        ] {
            assert_eq!(position(context), expected);
        }
    }

    #[test]
    fn messages_keep_what_they_say_of_objects() {
        let said = |code, is_raised, message| Said { code, is_raised }.message(message);
        for (code, message, expected) in [
            (
                "22P02",
                "invalid input syntax for type integer: \"s3cret\"",
                "invalid input syntax for type integer: …",
            ),
            (
                "22P02",
                "syntaxe en entrée invalide pour le type integer : « s3cret »",
                "syntaxe en entrée invalide pour le type integer : …",
            ),
            ("22003", "value \"s3cret\" is out of range for type integer", "value …"),
            (
                "22021",
                "invalid byte sequence for encoding UTF8: 0x73 0x33",
                "invalid byte sequence for encoding UTF8: …",
            ),
            (
                "22001",
                "value too long for type character varying(3)",
                "value too long for type character varying(3)",
            ),
            (
                "23505",
                "duplicate key value violates unique constraint \"k\"",
                "duplicate key value violates unique constraint \"k\"",
            ),
            ("42P01", "relation \"a\" does not exist", "relation \"a\" does not exist"),
            ("P0001", "s3cret is no name", "the message is hidden (…)"),
            ("XX000", "s3cret", "the message is hidden (…)"),
        ] {
            assert_eq!(said(code, false, message), expected);
        }
        assert_eq!(said("42P01", true, "s3cret"), "the message is hidden (…)");
    }

    #[test]
    fn what_programs_write_keeps_objects_and_positions() {
        let written = "pg_restore: error: COPY failed for table \"a\": ERROR:  invalid input syntax for type integer: \"s3cret\"\n\
            CONTEXT:  COPY a, line 1, column id: \"s3cret\"\n\
            pg_restore: error: could not execute query: ERROR:  could not create unique index \"k\"\n\
            DETAIL:  Key (id)=(s3cret) is duplicated.\nHINT:  Do it.\nCommand was: CREATE UNIQUE INDEX k ON a (id);";
        assert_eq!(
            output_without_values(written),
            "pg_restore: error: COPY failed for table \"a\": ERROR:  invalid input syntax for type integer: …\n\
            CONTEXT: COPY a, line 1, column id\n\
            pg_restore: error: could not execute query: ERROR:  could not create unique index \"k\"\n\
            DETAIL: …\nHINT:  Do it.\nCommand was: CREATE UNIQUE INDEX k ON a (id);"
        );
        let joined = "ERROR:  s3cret; CONTEXT:  PL/pgSQL function f() line 3 at RAISE";
        assert_eq!(
            output_without_values(joined),
            "ERROR: …; CONTEXT: PL/pgSQL function f() line 3 at RAISE"
        );
        let plain = "pg_dump: error: connection to server at \"h\" failed";
        assert_eq!(output_without_values(plain), plain);
    }
}
