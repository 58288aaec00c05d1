//! Plan of a load: what must be done around it, and whether it is allowed.

use std::collections::{BTreeSet, HashMap};

use super::catalog::{Catalog, ForeignKey, Sequence};
use crate::Side;
use crate::load::preflight::{Preflight, Span};
use crate::postgres::row_security;
use crate::postgres::triggers::Trigger;

/// Actions before and after the rows.
#[derive(Debug, Default)]
pub(super) struct LoadPlan {
    /// Emptied before the first source.
    pub(super) truncated: Vec<u32>,
    /// Emptied as well, because they refer to these.
    pub(super) cascaded: Vec<String>,
    /// Keys that the order of the rows cannot satisfy.
    pub(super) deferred: Vec<ForeignKey>,
    /// Triggers that would fire.
    pub(super) triggers: Vec<Trigger>,
    /// Sequences that a script may set, and their owners.
    pub(super) sequences: Vec<Sequence>,
    /// Sequences of columns that get rows.
    pub(super) followed: Vec<Sequence>,
}

impl LoadPlan {
    /// `truncates`: whether the tables that get rows are emptied first. Obstacles are recorded as problems.
    pub(super) fn new(preflight: &mut Preflight<'_>, truncates: bool) -> Self {
        let catalog = preflight.catalog;
        let mut plan = Self::default();
        if truncates {
            plan.truncated = preflight.loaded.keys().copied().collect();
        }
        let emptied = catalog.cascade(plan.truncated.iter().copied());
        refuse_excluded(preflight, "--exclude-table", &emptied);
        for one in preflight.emptied.clone() {
            let reached = if one.is_cascade {
                catalog.cascade(one.tables.iter().copied())
            } else {
                one.tables
                    .iter()
                    .flat_map(|table| catalog.with_descendants(*table))
                    .map(|table| (table, None))
                    .collect()
            };
            refuse_excluded(preflight, &one.place, &reached);
        }
        let mut touched: BTreeSet<u32> = emptied.keys().copied().collect();
        let families: Vec<(u32, BTreeSet<u32>)> =
            preflight.loaded.keys().map(|table| (*table, catalog.family(*table))).collect();
        touched.extend(families.iter().flat_map(|(table, _)| catalog.with_descendants(*table)));
        refuse_others(preflight, &touched);
        refuse_hidden(preflight);

        let is_in_family = |table: u32| families.iter().any(|(_, family)| family.contains(&table));
        plan.cascaded = emptied
            .iter()
            .filter(|(table, reason)| reason.is_some() && !is_in_family(**table))
            .map(|(table, _)| catalog.display(*table))
            .collect();
        plan.cascaded.sort();
        plan.deferred = deferred(catalog, &preflight.loaded);
        let fires = |trigger: &&Trigger| {
            trigger.is_on() && (touched.contains(&trigger.table) || is_in_family(trigger.table))
        };
        plan.triggers = catalog.triggers.iter().filter(fires).cloned().collect();
        let owner = |sequence: &Sequence| sequence.owner.as_ref().map(|(table, _)| *table);
        for sequence in catalog.sequences.iter().filter(|sequence| sequence.is_ours) {
            let table = owner(sequence);
            // TRUNCATE … RESTART IDENTITY does the same.
            if !table.is_some_and(|table| emptied.contains_key(&table)) {
                plan.sequences.push(sequence.clone());
            }
            let counts_up = sequence.is_of_numbers && sequence.increment > 0;
            if table.is_some_and(is_in_family) && counts_up {
                plan.followed.push(sequence.clone());
            }
        }
        plan
    }
}

/// An excluded table must not be emptied along with others.
fn refuse_excluded(
    preflight: &mut Preflight<'_>,
    place: &str,
    emptied: &HashMap<u32, Option<usize>>,
) {
    let catalog = preflight.catalog;
    let mut wrong: Vec<String> = emptied
        .iter()
        .filter(|(table, _)| preflight.excluded.contains(table))
        .map(|(table, reason)| {
            let name = catalog.display(*table);
            match reason.and_then(|number| catalog.keys.get(number)) {
                Some(key) => format!(
                    "{name} refers to {} by its foreign key {}, so that emptying {} would empty {name} too: exclude {} as well, or neither",
                    catalog.display(key.referenced), key.name, catalog.display(key.referenced), catalog.display(key.referenced)
                ),
                None => format!("{name} is a part of a table that is emptied: exclude that one, or neither"),
            }
        })
        .collect();
    wrong.sort();
    for wrong in wrong {
        preflight.problem(place, wrong);
    }
}

/// Only the owner may empty tables, defer keys and disable triggers.
fn refuse_others(preflight: &mut Preflight<'_>, touched: &BTreeSet<u32>) {
    let others: Vec<String> = touched
        .iter()
        .filter_map(|oid| preflight.catalog.tables.get(oid))
        .filter(|table| !table.is_ours)
        .map(|table| format!("{} (of {})", table.name, table.owner))
        .collect();
    if !others.is_empty() {
        preflight.problem(
            "rights on the target",
            format!(
                "another role owns {}: load as that role, or ALTER TABLE … OWNER TO",
                others.join(", ")
            ),
        );
    }
}

/// COPY refuses a table whose policies may hide rows, and its existing rows would not be visible.
fn refuse_hidden(preflight: &mut Preflight<'_>) {
    let hidden: Vec<String> = preflight
        .loaded
        .keys()
        .filter_map(|oid| preflight.catalog.tables.get(oid))
        .filter(|table| table.hides_rows)
        .map(|table| table.name.to_string())
        .collect();
    if !hidden.is_empty() {
        preflight.problem(
            "rights on the target",
            row_security::refusal(Side::Target, &hidden.join(", ")),
        );
    }
}

/// Keys of tables that get rows before the last rows of a table that they refer to. Within one statement, a
/// key is checked at its end.
fn deferred(catalog: &Catalog, loaded: &std::collections::BTreeMap<u32, Span>) -> Vec<ForeignKey> {
    let mut spans: HashMap<u32, Span> = HashMap::new();
    for (table, span) in loaded {
        for member in catalog.family(*table) {
            spans
                .entry(member)
                .and_modify(|other| {
                    other.first = other.first.min(span.first);
                    other.last = other.last.max(span.last);
                })
                .or_insert(*span);
        }
    }
    let needs = |key: &&ForeignKey| match (spans.get(&key.table), spans.get(&key.referenced)) {
        (Some(table), Some(referenced)) => table.first < referenced.last,
        _ => false,
    };
    let is_there = |key: &&ForeignKey| !key.is_copy && catalog.tables.contains_key(&key.table);
    catalog.keys.iter().filter(is_there).filter(needs).cloned().collect()
}
