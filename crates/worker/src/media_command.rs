//! `run media-sync`: what stands on its command line, and what a dry run shows.

use std::io::Write;

use clap::Args;
use media_sync::{Action, Request};
use pipeline::human;
use progress::size_in_words;
use serde_json::json;

/// What `run media-sync` is told.
#[derive(Args, Debug, Clone)]
pub struct MediaSyncArgs {
    /// Delete from the target what is gone from the source, as MEDIA_DELETE=true does
    #[arg(long)]
    delete: bool,

    /// List on stdout what would be copied and deleted, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Delete however much that is: an empty source and MEDIA_MAX_DELETE are no reason to stop
    #[arg(long)]
    force: bool,
}

impl From<&MediaSyncArgs> for Request {
    fn from(arguments: &MediaSyncArgs) -> Self {
        Self { deletes: arguments.delete, is_dry: arguments.dry_run, is_forced: arguments.force }
    }
}

impl MediaSyncArgs {
    /// Shows each action of a dry run on stdout, a line each; as JSON if wanted.
    pub fn action_printer(&self, json: bool) -> impl FnMut(&Action) + use<> {
        let is_dry = self.dry_run;
        move |action| {
            if is_dry {
                let line = if json { in_json(action) } else { in_words(action) };
                // A reader that has seen enough, as head, is none of our errors.
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
