//! Filter of an archive's entries: decides what is restored.

use std::collections::{HashMap, HashSet};

use super::entry::Entry;
use super::ownership::tables_of;
use super::reader::Archive;
use crate::TableName;
use crate::on_target::preserved::SCHEMA;

/// What to leave out of a restore.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The kept tables, including their partitions on the target.
    pub(crate) kept: HashSet<TableName>,
    /// Whether foreign keys are restored.
    pub(crate) foreign_keys: bool,
    /// Objects that stay on the target, so that they need not be created again.
    pub(crate) present: HashSet<Identity>,
}

/// An object in the notation of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    /// As in [`Entry::kind`].
    pub(crate) kind: String,
    /// As in [`Entry::schema`].
    pub(crate) schema: Option<String>,
    /// As in [`Entry::tag`].
    pub(crate) tag: String,
}

/// Reason for leaving out an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It belongs to a kept table.
    Kept,
    /// It is a foreign key from a copied table to a kept one, whose rows may be older.
    RefersToKept,
    /// It is a foreign key, and foreign keys are not restored.
    ForeignKey,
    /// It already exists.
    Present,
}

/// An archive's entries, classified.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) restored: Vec<Entry>,
    pub(crate) left_out: Vec<(Entry, Reason)>,
}

impl Filter {
    /// Classifies the entries of `archive`.
    pub(crate) fn apply(&self, archive: &Archive) -> Selection {
        let kept = self.kept_with_partitions(archive);
        let kept_sequences = sequences_of(&kept, archive);
        let mut reasons: HashMap<i32, Reason> = archive
            .entries
            .iter()
            .filter_map(|entry| Some((entry.id, self.reason(entry, &kept, &kept_sequences)?)))
            .collect();
        // A comment on the attachment of an index of a kept table: repeat until nothing more follows.
        loop {
            let before = reasons.len();
            for entry in archive.entries.iter().filter(|entry| is_about_another(entry)) {
                let reason = entry.dependencies.iter().find_map(|id| {
                    reasons.get(id).copied().filter(|reason| *reason != Reason::Present)
                });
                if let Some(reason) = reason {
                    reasons.entry(entry.id).or_insert(reason);
                }
            }
            if reasons.len() == before {
                break;
            }
        }
        let mut selection = Selection::default();
        for entry in &archive.entries {
            match reasons.get(&entry.id) {
                Some(reason) => selection.left_out.push((entry.clone(), *reason)),
                None => selection.restored.push(entry.clone()),
            }
        }
        selection
    }

    fn reason(
        &self,
        entry: &Entry,
        kept: &HashSet<TableName>,
        kept_sequences: &HashSet<TableName>,
    ) -> Option<Reason> {
        let is_kept_sequence = matches!(entry.kind.as_str(), "SEQUENCE" | "SEQUENCE SET")
            && kept_sequences.contains(&name(entry));
        let tables = tables_of(entry);
        if is_preserved(entry) {
            return Some(Reason::Kept);
        }
        if is_kept_sequence || tables.iter().any(|table| kept.contains(table)) {
            let is_lost = entry.kind == "FK CONSTRAINT"
                && self.foreign_keys
                && tables.first().is_some_and(|table| !kept.contains(table));
            return Some(if is_lost { Reason::RefersToKept } else { Reason::Kept });
        }
        if entry.kind == "FK CONSTRAINT" && !self.foreign_keys {
            return Some(Reason::ForeignKey);
        }
        let mut identity = identity(entry);
        if identity.kind == "SEQUENCE SET" {
            // The value of a sequence that stays must not change.
            identity.kind = "SEQUENCE".into();
        }
        self.present.contains(&identity).then_some(Reason::Present)
    }

    /// Partitions of a kept table are kept too, at any depth.
    fn kept_with_partitions(&self, archive: &Archive) -> HashSet<TableName> {
        let mut kept = self.kept.clone();
        loop {
            let before = kept.len();
            for entry in archive.entries.iter().filter(|entry| entry.kind == "TABLE ATTACH") {
                if let [parent, partition] = tables_of(entry).as_slice()
                    && kept.contains(parent)
                {
                    kept.insert(partition.clone());
                }
            }
            if kept.len() == before {
                return kept;
            }
        }
    }
}

/// The sequences owned by columns of `tables`.
fn sequences_of(tables: &HashSet<TableName>, archive: &Archive) -> HashSet<TableName> {
    archive
        .entries
        .iter()
        .filter(|entry| matches!(entry.kind.as_str(), "SEQUENCE OWNED BY" | "SEQUENCE"))
        .filter(|entry| tables_of(entry).iter().any(|table| tables.contains(table)))
        .map(name)
        .collect()
}

/// Whether an entry only describes the object it depends on, and is treated like that object.
fn is_about_another(entry: &Entry) -> bool {
    matches!(
        entry.kind.as_str(),
        "COMMENT" | "SECURITY LABEL" | "ACL" | "INDEX ATTACH" | "SEQUENCE SET"
    )
}

/// Whether it is what the dumped database has to give back to others, whose statements would be run on the target.
fn is_preserved(entry: &Entry) -> bool {
    entry.schema.as_deref() == Some(SCHEMA) || entry.kind == "SCHEMA" && entry.tag == SCHEMA
}

fn name(entry: &Entry) -> TableName {
    TableName::new(entry.schema.as_deref().unwrap_or_default(), &entry.tag)
}

fn identity(entry: &Entry) -> Identity {
    Identity { kind: entry.kind.clone(), schema: entry.schema.clone(), tag: entry.tag.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i32, kind: &str, tag: &str, definition: &str, dependencies: &[i32]) -> Entry {
        Entry {
            id,
            kind: kind.into(),
            tag: tag.into(),
            schema: Some("public".into()),
            definition: definition.into(),
            dependencies: dependencies.to_vec(),
            ..Entry::default()
        }
    }

    fn archive() -> Archive {
        let attach = "ALTER TABLE ONLY public.answers ATTACH PARTITION public.part DEFAULT;";
        let key =
            "ALTER TABLE ONLY public.other ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public";
        Archive {
            is_sql_ascii: false,
            server_version: String::new(),
            pg_dump_version: String::new(),
            copies: std::collections::HashMap::new(),
            entries: vec![
                entry(1, "TABLE", "answers", "", &[]),
                entry(2, "TABLE", "part", "", &[]),
                entry(3, "TABLE ATTACH", "part", attach, &[1, 2]),
                entry(4, "TABLE", "answers-archive", "", &[]),
                entry(5, "TABLE", "my_answers", "", &[]),
                entry(6, "SEQUENCE", "s", "CREATE SEQUENCE public.s;", &[]),
                entry(
                    7,
                    "SEQUENCE OWNED BY",
                    "s",
                    "ALTER SEQUENCE public.s OWNED BY public.part.id;",
                    &[6],
                ),
                entry(8, "SEQUENCE SET", "s", "SELECT …", &[6]),
                entry(9, "INDEX", "i", "CREATE INDEX i ON public.part USING btree (id);", &[2]),
                entry(10, "COMMENT", "INDEX i", "", &[9]),
                entry(
                    11,
                    "INDEX",
                    "answers",
                    "CREATE INDEX answers ON public.my_answers USING btree (id);",
                    &[5],
                ),
                entry(12, "FK CONSTRAINT", "other fk", &format!("{key}.answers(id);"), &[]),
                entry(13, "FK CONSTRAINT", "other fk2", &format!("{key}.my_answers(id);"), &[]),
                entry(14, "TYPE", "mood", "", &[]),
                entry(15, "COMMENT", "TYPE mood", "", &[14]),
                entry(
                    16,
                    "VIEW",
                    "v",
                    "CREATE VIEW public.v AS SELECT * FROM public.answers;",
                    &[1],
                ),
            ],
        }
    }

    fn left_out(filter: &Filter) -> Vec<i32> {
        filter.apply(&archive()).left_out.iter().map(|(entry, _)| entry.id).collect()
    }

    #[test]
    fn a_kept_table_with_all_that_belongs_to_it() {
        let kept = HashSet::from([TableName::new("public", "answers")]);
        let filter = Filter { kept, foreign_keys: true, ..Filter::default() };
        assert_eq!(left_out(&filter), [1, 2, 3, 6, 7, 8, 9, 10, 12]);
    }

    #[test]
    fn a_table_of_another_schema_is_another() {
        let kept = HashSet::from([TableName::new("stats", "answers")]);
        let filter = Filter { kept, foreign_keys: true, ..Filter::default() };
        assert!(left_out(&filter).is_empty());
    }

    #[test]
    fn foreign_keys_off() {
        assert_eq!(left_out(&Filter::default()), [12, 13]);
    }

    #[test]
    fn what_is_present_is_not_made_again_but_commented() {
        let mood =
            Identity { kind: "TYPE".into(), schema: Some("public".into()), tag: "mood".into() };
        let filter =
            Filter { foreign_keys: true, present: HashSet::from([mood]), ..Filter::default() };
        assert_eq!(left_out(&filter), [14]);
    }
}
