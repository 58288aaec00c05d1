//! Failure policy: which errors of a restore do not fail the copy, with the reasons.
//!
//! On a platform, an ordinary role owns its database but is not a superuser, and roles are not copied. The
//! listed objects hold no rows, and nothing with rows needs them; if something does, it fails and is named.
//! All other errors fail the job. The decision depends on the kind of object and the SQLSTATE, never on the
//! text of a message, which is in the server's language.

use std::collections::{HashMap, HashSet};

use tokio_postgres::error::SqlState;

use crate::TableName;
use crate::archive::{Entry, tables_of};
use crate::full_copy::failure::Failure;
use crate::renaming::Renaming;

const ONLY_SUPERUSER: &str = "only a superuser may create it, and it holds no data";
const NO_SUBSCRIPTION: &str = "a copy must not subscribe to the publications of its source";
const NOT_OURS: &str = "only the owner may comment on an object that the platform made";
const OTHER_ENCODING: &str = "its text has characters that the target's encoding does not have";

/// Kind of entry, SQLSTATE, and the reason why it is forgiven.
const RULES: [(&str, SqlState, &str); 7] = [
    ("EVENT TRIGGER", SqlState::INSUFFICIENT_PRIVILEGE, ONLY_SUPERUSER),
    ("PUBLICATION", SqlState::INSUFFICIENT_PRIVILEGE, ONLY_SUPERUSER),
    ("PUBLICATION TABLES IN SCHEMA", SqlState::INSUFFICIENT_PRIVILEGE, ONLY_SUPERUSER),
    ("SUBSCRIPTION", SqlState::INSUFFICIENT_PRIVILEGE, NO_SUBSCRIPTION),
    ("COMMENT", SqlState::INSUFFICIENT_PRIVILEGE, NOT_OURS),
    ("COMMENT", SqlState::UNTRANSLATABLE_CHARACTER, OTHER_ENCODING),
    ("COMMENT", SqlState::CHARACTER_NOT_IN_REPERTOIRE, OTHER_ENCODING),
];

/// Classifies the failures of one restore.
pub(crate) struct FailurePolicy<'a> {
    entries: HashMap<i32, &'a Entry>,
    /// Kept tables that do not exist on the target: objects that need them cannot be created.
    missing: Vec<TableName>,
    /// Entries that were left out or forgiven; entries that only describe them are forgiven too.
    ignored: HashSet<i32>,
    /// Their names, to find objects that need them.
    absent: Vec<String>,
    /// Entries that could not be created, and those that cannot be.
    failed: HashSet<i32>,
    /// The names in the server's messages, if the copy is built elsewhere.
    renaming: Option<&'a Renaming>,
}

/// A failure, or a forgiven one with the reason.
pub(crate) enum FailureClass {
    Ignored { object: String, reason: String, message: String },
    Fatal { object: String, message: String },
}

impl<'a> FailurePolicy<'a> {
    /// For entries that come one by one, with [`FailurePolicy::classify_entry`].
    pub(crate) fn of_script() -> Self {
        Self::new(&[], std::iter::empty(), std::iter::empty(), Vec::new())
    }

    /// `entries` are restored; `unable` are known to be impossible, which does not fail the job; `kept`
    /// belong to kept tables, of which the target lacks `missing`.
    pub(crate) fn new(
        entries: &'a [Entry],
        unable: impl Iterator<Item = &'a Entry>,
        kept: impl Iterator<Item = i32>,
        missing: Vec<TableName>,
    ) -> Self {
        let unable: Vec<&Entry> = unable.collect();
        let ids = || unable.iter().map(|entry| entry.id);
        Self {
            absent: missing
                .iter()
                .map(|table| format!("{}.{}", table.schema, table.name))
                .collect(),
            missing,
            ignored: kept.chain(ids()).collect(),
            failed: ids().collect(),
            entries: entries.iter().chain(unable).map(|entry| (entry.id, entry)).collect(),
            renaming: None,
        }
    }

    /// For a copy that is built in other schemas.
    pub(crate) fn with_names_of(self, renaming: &'a Renaming) -> Self {
        Self { renaming: Some(renaming), ..self }
    }

    /// An entry that cannot be created, which in itself is not a failure.
    pub(crate) fn leave_out(&mut self, entry: i32) {
        self.ignored.insert(entry);
        self.failed.insert(entry);
    }

    pub(crate) fn classify(&mut self, failure: &Failure) -> FailureClass {
        let Some(entry) = self.entries.get(&failure.entry).copied() else {
            let object = format!("entry {}", failure.entry);
            return FailureClass::Fatal { object, message: failure.message.clone() };
        };
        match self.renaming {
            Some(renaming) => {
                let message = renaming.original(&failure.message);
                self.classify_entry(entry, &Failure { message, ..failure.clone() })
            }
            None => self.classify_entry(entry, failure),
        }
    }

    pub(crate) fn classify_entry(&mut self, entry: &Entry, failure: &Failure) -> FailureClass {
        let object = entry.to_string();
        if let Some(reason) = self.reason(entry, failure) {
            self.ignored.insert(entry.id);
            if let Some(schema) = &entry.schema {
                self.absent.push(format!("{schema}.{}", entry.tag));
            }
            return FailureClass::Ignored { object, reason, message: failure.message.clone() };
        }
        let mut message = failure.message.clone();
        if let Some(needed) = self.needed_in_vain(entry) {
            message = format!("{message}; it needs {needed}, which could not be made");
        }
        self.failed.insert(entry.id);
        FailureClass::Fatal { object, message }
    }

    /// Tables that could not be created, so their rows cannot be copied.
    pub(crate) fn lost_tables(&self) -> HashSet<TableName> {
        self.failed
            .iter()
            .chain(&self.ignored)
            .filter_map(|id| self.entries.get(id))
            .filter(|entry| matches!(entry.kind.as_str(), "TABLE" | "FOREIGN TABLE"))
            .flat_map(|entry| tables_of(entry))
            .collect()
    }

    /// An object that could not be created and that `entry` depends on.
    fn needed_in_vain(&self, entry: &Entry) -> Option<&'a Entry> {
        let mut needs = entry.dependencies.iter().filter(|id| self.failed.contains(id));
        needs.find_map(|id| self.entries.get(id).copied())
    }

    fn reason(&self, entry: &Entry, failure: &Failure) -> Option<String> {
        let rule = RULES
            .iter()
            .find(|(kind, code, _)| entry.kind == *kind && failure.code.as_ref() == Some(code))
            .map(|(.., reason)| (*reason).to_owned());
        rule.or_else(|| missing_roles(entry, failure))
            .or_else(|| garbled_comment(entry, failure))
            .or_else(|| self.follows(entry))
            .or_else(|| self.needs_absent(entry, failure))
    }

    fn follows(&self, entry: &Entry) -> Option<String> {
        let speaks_of_another =
            matches!(entry.kind.as_str(), "COMMENT" | "SECURITY LABEL" | "PUBLICATION TABLE");
        let is_gone = |id: &i32| self.ignored.contains(id) || self.failed.contains(id);
        (speaks_of_another && entry.dependencies.iter().any(is_gone))
            .then(|| "the object it belongs to does not exist".into())
    }

    /// A view of a kept table that does not exist on the target, or something that needs such a view.
    fn needs_absent(&self, entry: &Entry, failure: &Failure) -> Option<String> {
        if self.missing.is_empty() || matches!(entry.kind.as_str(), "TABLE" | "TABLE DATA") {
            return None;
        }
        let is_undefined = failure.code == Some(SqlState::UNDEFINED_TABLE);
        let names = |name: &&String| is_undefined && names(&failure.message, name);
        let absent = self.absent.iter().find(names);
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
        (needs && is_part)
            .then(|| "an object it needs could not be created without a kept table".into())
    }
}

/// Roles are not copied, and neither are owners and privileges.
fn missing_roles(entry: &Entry, failure: &Failure) -> Option<String> {
    let is_for_roles = matches!(entry.kind.as_str(), "POLICY" | "USER MAPPING");
    (is_for_roles && !failure.missing_roles.is_empty()).then(|| {
        format!(
            "the target's server has no role \"{}\": create it there, or do without",
            failure.missing_roles.join("\", \"")
        )
    })
}

/// A text that is not UTF-8 is restored by pg_restore, which reports no SQLSTATE; there is no other reason
/// for that.
fn garbled_comment(entry: &Entry, failure: &Failure) -> Option<String> {
    (entry.kind == "COMMENT" && entry.is_garbled && failure.code.is_none())
        .then(|| OTHER_ENCODING.into())
}

/// Whether a server's message contains `name` as a whole name.
fn names(message: &str, name: &str) -> bool {
    let is_of_a_name = |one: char| one.is_alphanumeric() || matches!(one, '_' | '$' | '.');
    message.match_indices(name).any(|(start, _)| {
        let before = message[..start].chars().next_back();
        let after = message[start + name.len()..].chars().next();
        !before.is_some_and(is_of_a_name) && !after.is_some_and(is_of_a_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_message_of_any_language() {
        assert!(names("relation \"public.a\" does not exist", "public.a"));
        assert!(names("la relation « public.a » n'existe pas", "public.a"));
        assert!(!names("relation \"public.ab\" does not exist", "public.a"));
        assert!(!names("relation \"public.a.b\" does not exist", "public.a"));
        assert!(!names("relation \"my_public.a\" does not exist", "public.a"));
    }

    #[test]
    fn what_needs_a_refused_object_says_so() {
        let entry = |id, kind: &str, dependencies: &[i32]| Entry {
            id,
            kind: kind.into(),
            tag: format!("o{id}"),
            schema: Some("s".into()),
            dependencies: dependencies.to_vec(),
            ..Entry::default()
        };
        let entries =
            [entry(1, "FUNCTION", &[]), entry(2, "TABLE", &[1]), entry(3, "COMMENT", &[2])];
        let mut policy =
            FailurePolicy::new(&entries, std::iter::empty(), std::iter::empty(), Vec::new());
        let mut policy = |entry: &Entry| policy.classify(&Failure::of(entry, "refused"));
        assert!(
            matches!(policy(&entries[0]), FailureClass::Fatal { message, .. } if message == "refused")
        );
        let expected = "refused; it needs FUNCTION s.o1, which could not be made";
        assert!(
            matches!(policy(&entries[1]), FailureClass::Fatal { message, .. } if message == expected)
        );
        assert!(matches!(policy(&entries[2]), FailureClass::Ignored { .. }));
    }
}
