//! Command line of `run media-sync`, and the output of a dry run.

use std::io::Write;

use clap::Args;
use media_sync::{Action, Request};
use pipeline::human;
use progress::size_in_words;
use serde_json::json;

/// Arguments of `run media-sync`.
#[derive(Args, Debug, Clone)]
pub struct MediaSyncArgs {
    /// Delete objects from the target that no longer exist in the source, like MEDIA_DELETE=true
    #[arg(long)]
    delete: bool,

    /// List on stdout what would be copied and deleted, without changing anything
    #[arg(long)]
    dry_run: bool,

    /// Delete any number of objects, even if the source is empty or MEDIA_MAX_DELETE is exceeded
    #[arg(long)]
    force: bool,
}

impl From<&MediaSyncArgs> for Request {
    fn from(arguments: &MediaSyncArgs) -> Self {
        Self { deletes: arguments.delete, is_dry: arguments.dry_run, is_forced: arguments.force }
    }
}

impl MediaSyncArgs {
    /// Shows each action of a dry run on stdout, one per line; optionally as JSON.
    pub fn action_printer(&self, json: bool) -> impl FnMut(&Action) + use<> {
        let is_dry = self.dry_run;
        move |action| {
            if is_dry {
                let line = if json { in_json(action) } else { in_words(action) };
                // A reader that has seen enough, such as head, is not an error.
                let _ = writeln!(std::io::stdout(), "{}", human::visible(&line));
            }
        }
    }
}

fn in_words(action: &Action) -> String {
    match action {
        Action::Copy { key, bytes, reason } => {
            format!("copy    {key} ({}, {reason})", size_in_words(*bytes))
        }
        Action::Delete { key, bytes } => format!("delete  {key} ({})", size_in_words(*bytes)),
    }
}

fn in_json(action: &Action) -> String {
    match action {
        Action::Copy { key, bytes, reason } => {
            json!({ "action": "copy", "key": key, "bytes": bytes, "reason": reason.to_string() })
        }
        Action::Delete { key, bytes } => {
            json!({ "action": "delete", "key": key, "bytes": bytes })
        }
    }
    .to_string()
}
