//! Selector: selects a snapshot of a store, `latest` or by name.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::str::FromStr;

use crate::entry::Entry;
use crate::error::Error;
use crate::inventory::{Inventory, Item};
use crate::manifest::Sidecar;
use crate::name::Name;

/// Maximum number of names in an error.
const SHOWN: usize = 20;

/// The snapshot to select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The newest good one; the store must contain snapshots of only one database.
    Latest,
    /// The one with this name, with or without the extensions (`.tar.zst.age`).
    Name(String),
}

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.trim() {
            "latest" => Self::Latest,
            name => Self::Name(name.into()),
        })
    }
}

/// A snapshot that was found, its name and its manifest.
pub(crate) type Chosen = (Entry, Name, Sidecar);

/// Finds the snapshot and reads its manifest.
pub(crate) async fn choose(inventory: &Inventory<'_>, which: &Selector) -> Result<Chosen, Error> {
    match which {
        Selector::Latest => newest(inventory).await,
        Selector::Name(name) => named(inventory, name).await,
    }
}

async fn newest(inventory: &Inventory<'_>) -> Result<Chosen, Error> {
    let none = |reason: String| Error::NoSnapshot { place: inventory.place.shown().into(), reason };
    let databases: BTreeSet<&str> =
        inventory.items.iter().map(|item| item.name.database.as_str()).collect();
    if databases.len() > 1 {
        let databases: Vec<&str> = databases.into_iter().collect();
        return Err(none(format!(
            "it contains snapshots of more than one database ({}), so that the latest one is ambiguous; name a snapshot",
            databases.join(", ")
        )));
    }
    let mut problems = Vec::new();
    for item in &inventory.items {
        match chosen(inventory, item).await? {
            Ok(chosen) => {
                for problem in problems {
                    tracing::warn!("A newer snapshot cannot be used: {problem}");
                }
                return Ok(chosen);
            }
            Err(entry) => {
                problems.extend(entry.problem().map(|reason| format!("{}: {reason}", entry.name)));
            }
        }
    }
    Err(none(if problems.is_empty() { "it is empty".into() } else { problems.join("; ") }))
}

async fn named(inventory: &Inventory<'_>, name: &str) -> Result<Chosen, Error> {
    let item = inventory
        .items
        .iter()
        .find(|item| item.name.to_string() == name || item.name.stem() == name)
        .ok_or_else(|| unknown(inventory, name))?;
    match chosen(inventory, item).await? {
        Ok(chosen) => Ok(chosen),
        Err(entry) => Err(Error::Damaged {
            reason: entry.problem().unwrap_or_default().into(),
            name: entry.name,
            place: inventory.place.shown().into(),
        }),
    }
}

/// The item if it is good, otherwise what is wrong with it.
async fn chosen(inventory: &Inventory<'_>, item: &Item) -> Result<Result<Chosen, Entry>, Error> {
    let Some((entry, sidecar)) = inventory.read_with_sidecar(item).await? else {
        return Err(unknown(inventory, &item.name.to_string()));
    };
    Ok(match sidecar {
        Some(sidecar) => Ok((entry, item.name.clone(), sidecar)),
        None => Err(entry),
    })
}

fn unknown(inventory: &Inventory<'_>, name: &str) -> Error {
    let names: Vec<String> =
        inventory.items.iter().take(SHOWN).map(|item| item.name.to_string()).collect();
    let there = match inventory.items.len() {
        0 => "none".into(),
        count if count > SHOWN => format!("{} and {} older ones", names.join(", "), count - SHOWN),
        _ => names.join(", "),
    };
    Error::UnknownName { place: inventory.place.shown().into(), name: name.into(), there }
}
