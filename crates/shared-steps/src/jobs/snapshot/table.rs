//! Listing of a store's snapshots, for people and for machines.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use serde_json::{Value, json};
use snapshots::{Entry, Taken};

use pipeline::human;

/// One line each, newest first.
#[must_use]
pub fn render(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "no snapshots".into();
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["name", "time", "size", "tables", "rows", "format", "encrypted"]);
    for entry in entries {
        table.add_row(row(entry));
    }
    let mut text = table.to_string();
    for entry in entries {
        if let Some(problem) = entry.problem() {
            let _ = write!(text, "\n{} cannot be used: {problem}", entry.name);
        }
    }
    text
}

fn row(entry: &Entry) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let manifest = entry.manifest();
    let number = |number: Option<u64>| right(number.map(human::count).unwrap_or_default());
    vec![
        Cell::new(&entry.name),
        Cell::new(entry.taken_at.format("%Y-%m-%d %H:%M:%S UTC")),
        right(human::size(entry.bytes)),
        number(manifest.map(|one| one.tables.len() as u64)),
        number(manifest.map(snapshots::Manifest::rows)),
        Cell::new(
            manifest.map_or_else(|| "cannot be used".to_owned(), |one| format(one.dump).into()),
        ),
        Cell::new(if entry.is_encrypted { "yes" } else { "no" }),
    ]
}

fn format(format: snapshots::DumpFormat) -> &'static str {
    match format {
        snapshots::DumpFormat::Custom => "custom",
        snapshots::DumpFormat::Plain => "plain",
    }
}

/// One snapshot as JSON: `problem` is null if it can be used.
#[must_use]
pub fn as_json(entry: &Entry) -> Value {
    let manifest = entry.manifest();
    json!({
        "name": entry.name,
        "database": entry.database,
        "time": entry.taken_at,
        "bytes": entry.bytes,
        "tables": manifest.map(|one| one.tables.len()),
        "rows": manifest.map(snapshots::Manifest::rows),
        "format": manifest.map(|one| format(one.dump)),
        "encrypted": entry.is_encrypted,
        "problem": entry.problem(),
    })
}

/// The result of a run, as a sentence.
#[must_use]
pub fn sentence(taken: &Taken) -> String {
    match taken {
        Taken::Unchanged { latest } => {
            format!("Nothing has changed since {}: no new snapshot was stored.", latest.name)
        }
        Taken::Created { entry, changes, pruned } => {
            let since = match changes.as_slice() {
                [] => String::new(),
                changes => format!(" Changed since the previous snapshot: {}.", in_short(changes)),
            };
            let gone = match pruned.len() {
                0 => String::new(),
                1 => " 1 older snapshot was pruned.".into(),
                more => format!(" {more} older snapshots were pruned."),
            };
            format!("{} was stored, {}.{since}{gone}", entry.name, human::size(entry.bytes))
        }
    }
}

/// The first ones, and the number of the others.
fn in_short(changes: &[String]) -> String {
    const SHOWN: usize = 5;
    let text = changes.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match changes.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The result of a run, as JSON.
#[must_use]
pub fn taken_json(taken: &Taken) -> Value {
    let nothing: &[String] = &[];
    let (kept, entry, changes, pruned) = match taken {
        Taken::Unchanged { latest } => (false, latest, nothing, nothing),
        Taken::Created { entry, changes, pruned } => {
            (true, entry, changes.as_slice(), pruned.as_slice())
        }
    };
    json!({ "kept": kept, "snapshot": as_json(entry), "changes": changes, "pruned": pruned })
}
