//! Command lines and output of `run snapshot`, `run snapshots` and `run restore`.

use std::path::PathBuf;

use clap::Args;
use shared_steps::jobs::snapshot::table;
use snapshots::{Entry, Selector, Taken};

/// Arguments of `run restore`.
#[derive(Args, Debug, Clone)]
#[group(required = true, multiple = false)]
pub struct RestoreArgs {
    /// A dump in pg_dump's custom format, optionally packed like BACKUP_FILE (.gz, .zst, .tar.gz)
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// A snapshot of SNAPSHOT_STORE: `latest`, or a name shown by `run snapshots`
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

/// Result of `run snapshot`.
#[must_use]
pub fn taken(taken: &Taken, json: bool) -> String {
    if json {
        serde_json::to_string_pretty(&table::taken_json(taken)).unwrap_or_default()
    } else {
        table::sentence(taken)
    }
}

/// The content of the store.
#[must_use]
pub fn listed(entries: &[Entry], json: bool) -> String {
    if json {
        let entries: Vec<_> = entries.iter().map(table::as_json).collect();
        serde_json::to_string_pretty(&entries).unwrap_or_default()
    } else {
        table::render(entries)
    }
}
