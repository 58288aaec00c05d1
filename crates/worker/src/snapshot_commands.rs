//! `run snapshot`, `run snapshots` and `run restore`: what stands on their command lines, and what they
//! show.

use std::path::PathBuf;

use clap::Args;
use shared_steps::jobs::snapshot::table;
use snapshots::{Entry, Selector, Taken};

/// What `run restore` is told.
#[derive(Args, Debug, Clone)]
#[group(required = true, multiple = false)]
pub struct RestoreArgs {
    /// A dump in pg_dump's custom format, as it is or packed as BACKUP_FILE may be (.gz, .zst, .tar.gz)
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// A snapshot of SNAPSHOT_STORE: `latest`, or the name that `run snapshots` shows
    #[arg(long, value_name = "latest|NAME", value_parser = which)]
    pub from: Option<Selector>,
}

fn which(text: &str) -> Result<Selector, String> {
    match text.trim() {
        "" => Err("must be `latest` or the name of a snapshot".into()),
        "latest" => Ok(Selector::Latest),
        name => Ok(Selector::Name(name.into())),
    }
}

/// What `run snapshot` did.
#[must_use]
pub fn taken(taken: &Taken, json: bool) -> String {
    if json {
        serde_json::to_string_pretty(&table::taken_json(taken)).unwrap_or_default()
    } else {
        table::sentence(taken)
    }
}

/// What the store holds.
#[must_use]
pub fn listed(entries: &[Entry], json: bool) -> String {
    if json {
        let entries: Vec<_> = entries.iter().map(table::as_json).collect();
        serde_json::to_string_pretty(&entries).unwrap_or_default()
    } else {
        table::render(entries)
    }
}
