//! Which entries of an archive are restored beside the live copy, and which can only be restored when it is
//! replaced.
//!
//! Objects without a schema exist only once in a database: they, and what needs them, come last.

use std::collections::HashSet;

use crate::Error;
use crate::archive::{Entry, Section};
use crate::postgres::sql_text::LexError;
use crate::renaming::Renaming;

/// Kinds of objects that exist only once in a database.
const SINGLE: [&str; 11] = [
    "ACCESS METHOD",
    "EVENT TRIGGER",
    "FOREIGN DATA WRAPPER",
    "PROCEDURAL LANGUAGE",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "SERVER",
    "SUBSCRIPTION",
    "SUBSCRIPTION TABLE",
    "USER MAPPING",
];

/// Kinds of entries that restore nothing by themselves.
const OF_ARCHIVE: [&str; 3] = ["ENCODING", "STDSTRINGS", "SEARCHPATH"];

/// An archive's entries by when they are restored.
#[derive(Debug, Default)]
pub(super) struct Division {
    /// Before everything else, in the live database.
    pub(super) extensions: Vec<Entry>,
    /// Beside the live copy.
    pub(super) staged: Vec<Entry>,
    /// While the live copy is replaced.
    pub(super) late: Vec<Entry>,
}

/// Divides `entries`, in the order of the archive.
pub(super) fn divide(entries: &[Entry], renaming: &Renaming) -> Division {
    let mut late: HashSet<i32> = HashSet::new();
    loop {
        let before = late.len();
        for entry in entries {
            if is_single(entry, renaming) || entry.dependencies.iter().any(|id| late.contains(id)) {
                late.insert(entry.id);
            }
        }
        if late.len() == before {
            break;
        }
    }
    let mut division = Division::default();
    for entry in entries {
        match entry.kind.as_str() {
            "EXTENSION" => division.extensions.push(entry.clone()),
            // They are created for what is in them.
            "SCHEMA" => {}
            _ if late.contains(&entry.id) => division.late.push(entry.clone()),
            _ => division.staged.push(entry.clone()),
        }
    }
    division
}

fn is_single(entry: &Entry, renaming: &Renaming) -> bool {
    match entry.kind.as_str() {
        "COMMENT" | "SECURITY LABEL" => ["SCHEMA ", "EXTENSION ", "EVENT TRIGGER "]
            .iter()
            .any(|kind| entry.tag.starts_with(kind)),
        // Those of a type of the copy are new with their type.
        "CAST" | "TRANSFORM" => {
            renaming.statement(&entry.definition).is_ok_and(|sql| sql == entry.definition)
        }
        kind => SINGLE.contains(&kind),
    }
}

/// Why these entries cannot be restored beside the live copy.
pub(super) fn obstacle(division: &Division) -> Option<String> {
    if let Some(entry) = division.staged.iter().find(|entry| is_object(entry) && entry.is_garbled) {
        return Some(format!("{entry} has text that is not UTF-8"));
    }
    let has_rows = |entry: &&Entry| entry.section == Section::Data || entry.kind == "TABLE";
    division.late.iter().find(has_rows).map(|entry| {
        format!("{entry} needs an object that exists only once in a database, and has rows")
    })
}

fn is_object(entry: &Entry) -> bool {
    !OF_ARCHIVE.contains(&entry.kind.as_str())
}

/// The schemas of entries.
pub(super) fn schemas(entries: &[Entry]) -> impl Iterator<Item = &str> {
    entries.iter().filter_map(|entry| entry.schema.as_deref())
}

/// The names that entries create, by schema.
pub(super) fn names(entries: &[Entry]) -> impl Iterator<Item = (String, String)> {
    const OF_ANOTHER: [&str; 13] = [
        "CHECK CONSTRAINT",
        "COMMENT",
        "CONSTRAINT",
        "DEFAULT",
        "FK CONSTRAINT",
        "INDEX ATTACH",
        "MATERIALIZED VIEW DATA",
        "POLICY",
        "ROW SECURITY",
        "RULE",
        "SECURITY LABEL",
        "TABLE ATTACH",
        "TRIGGER",
    ];
    let makes = |entry: &&Entry| {
        entry.section != Section::Data && !OF_ANOTHER.contains(&entry.kind.as_str())
    };
    entries.iter().filter(makes).filter_map(|entry| {
        let is_routine = matches!(entry.kind.as_str(), "FUNCTION" | "PROCEDURE" | "AGGREGATE");
        let end = if is_routine { entry.tag.find('(') } else { None };
        let name = &entry.tag[..end.unwrap_or(entry.tag.len())];
        Some((entry.schema.clone()?, name.to_owned()))
    })
}

/// The entry with the names of the copy that is built.
pub(super) fn renamed(entry: &Entry, renaming: &Renaming) -> Result<Entry, Error> {
    let failed = |error: LexError| {
        Error::Configuration(format!("{entry}: its definition cannot be read: {}", error.reason))
    };
    let definition = if is_routine(entry) {
        renaming.routine(&entry.definition)
    } else {
        renaming.statement(&entry.definition)
    };
    Ok(Entry {
        definition: definition.map_err(failed)?,
        // An entry of rows may be of an extension's table.
        staged_in: entry
            .schema
            .as_deref()
            .filter(|schema| !renaming.stays(schema, &entry.tag))
            .map(|schema| renaming.schema(schema).to_owned()),
        ..entry.clone()
    })
}

/// What a routine has to be replaced with when the copy has its final names: its body is stored as text.
pub(super) fn replacement(entry: &Entry, renaming: &Renaming) -> Option<String> {
    let [as_statement, as_routine] =
        [renaming.statement(&entry.definition), renaming.routine(&entry.definition)];
    let is_text = is_routine(entry) && as_statement.ok()? != as_routine.ok()?;
    let rest = entry.definition.trim_start().strip_prefix("CREATE ")?;
    is_text.then(|| format!("CREATE OR REPLACE {rest}"))
}

fn is_routine(entry: &Entry) -> bool {
    matches!(entry.kind.as_str(), "FUNCTION" | "PROCEDURE")
}
