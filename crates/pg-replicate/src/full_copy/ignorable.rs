//! What may fail in a restore without failing the copy, each with its reason.
//!
//! An ordinary role on a platform owns its database and is no superuser. What follows holds no data
//! and nothing that holds data needs it; should something need it after all, that fails by itself and
//! is named. Everything else is an error of the job.

use std::collections::{HashMap, HashSet};

use super::restore_log::Failure;
use crate::TableName;
use crate::archive::Entry;

/// Kind of entry, what the server says, and why it may be so.
const RULES: [(&str, &str, &str); 8] = [
    ("EVENT TRIGGER", "permission denied to create event trigger", ONLY_SUPERUSER),
    ("EVENT TRIGGER", "must be superuser to create an event trigger", ONLY_SUPERUSER),
    ("PUBLICATION", "must be superuser to create", ONLY_SUPERUSER),
    ("PUBLICATION", "permission denied", ONLY_SUPERUSER),
    ("PUBLICATION TABLES IN SCHEMA", "must be superuser", ONLY_SUPERUSER),
    ("SUBSCRIPTION", "must be", "a copy must not subscribe to what its source subscribes to"),
    (
        "SUBSCRIPTION",
        "permission denied",
        "a copy must not subscribe to what its source subscribes to",
    ),
    (
        "COMMENT",
        "must be owner of",
        "only the owner may comment on an object that the platform made",
    ),
];

const ONLY_SUPERUSER: &str = "only a superuser may create it, and it holds no data";

/// A setting that a newer pg_restore sets, and an older server does not know.
const UNKNOWN_SETTING: &str = "unrecognized configuration parameter \"transaction_timeout\"";

/// Decides about the failures of one restore.
pub(super) struct Judge<'a> {
    entries: HashMap<i32, &'a Entry>,
    /// Kept tables that the target does not have: what needs them cannot be made.
    missing: Vec<TableName>,
    /// Entries that were left out or ignored; what only speaks of them is ignored too.
    ignored: HashSet<i32>,
    /// Their names, for what needs them.
    absent: Vec<String>,
}

/// A failure that fails the job, or one that does not, with its reason.
pub(super) enum Verdict {
    Ignored { object: String, reason: String },
    Fatal { object: String },
}

impl<'a> Judge<'a> {
    pub(super) fn new(entries: &'a [Entry], missing: Vec<TableName>, left_out: &[i32]) -> Self {
        Self {
            entries: entries.iter().map(|entry| (entry.id, entry)).collect(),
            absent: missing
                .iter()
                .map(|table| format!("{}.{}", table.schema, table.name))
                .collect(),
            missing,
            ignored: left_out.iter().copied().collect(),
        }
    }

    pub(super) fn judge(&mut self, failure: &Failure) -> Verdict {
        if failure.message.contains(UNKNOWN_SETTING) {
            return Verdict::Ignored {
                object: "transaction_timeout".into(),
                reason: "the server is older than pg_restore and has no such setting".into(),
            };
        }
        let Some(entry) = failure.entry.and_then(|id| self.entries.get(&id).copied()) else {
            return Verdict::Fatal { object: "pg_restore".into() };
        };
        let object = entry.to_string();
        match self.reason(entry, &failure.message) {
            Some(reason) => {
                self.ignored.insert(entry.id);
                if let Some(schema) = &entry.schema {
                    self.absent.push(format!("{schema}.{}", entry.tag));
                }
                Verdict::Ignored { object, reason }
            }
            None => Verdict::Fatal { object },
        }
    }

    fn reason(&self, entry: &Entry, message: &str) -> Option<String> {
        let rule = RULES
            .iter()
            .find(|(kind, text, _)| entry.kind == *kind && message.contains(text))
            .map(|(_, _, reason)| (*reason).to_owned());
        rule.or_else(|| self.follows(entry)).or_else(|| self.needs_absent(entry, message))
    }

    fn follows(&self, entry: &Entry) -> Option<String> {
        let speaks_of_another =
            matches!(entry.kind.as_str(), "COMMENT" | "SECURITY LABEL" | "PUBLICATION TABLE");
        let of_ignored = entry.dependencies.iter().any(|id| self.ignored.contains(id));
        (speaks_of_another && of_ignored).then(|| "what it belongs to is not there".into())
    }

    /// A view of a kept table that the target does not have, and what needs that view.
    fn needs_absent(&self, entry: &Entry, message: &str) -> Option<String> {
        if self.missing.is_empty() || matches!(entry.kind.as_str(), "TABLE" | "TABLE DATA") {
            return None;
        }
        let absent = self
            .absent
            .iter()
            .find(|name| message.contains(&format!("relation \"{name}\" does not exist")));
        absent
            .map(|name| {
                format!(
                    "it needs {name}, which BACKUP_MODE leaves out and the target does not have"
                )
            })
            .or_else(|| self.follows_absent(entry))
    }

    fn follows_absent(&self, entry: &Entry) -> Option<String> {
        let needs = entry.dependencies.iter().any(|id| self.ignored.contains(id));
        let is_part = matches!(
            entry.kind.as_str(),
            "VIEW"
                | "MATERIALIZED VIEW"
                | "MATERIALIZED VIEW DATA"
                | "RULE"
                | "INDEX"
                | "TRIGGER"
                | "DEFAULT"
        );
        (needs && is_part).then(|| "what it needs could not be made without a kept table".into())
    }
}
