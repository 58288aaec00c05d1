//! Partitions of one table, compared together.
//!
//! An enumeration's value has a different hash on another server, so a row of a table that is
//! hash-partitioned by it may be in another partition there. Each server makes sure that a row is in the
//! right partition; what counts is whether all partitions together are equal.

use std::collections::HashMap;

use crate::TableName;
use crate::fingerprint::ContentHash;
use crate::verify::report::{Content, Outcome, TableReport};

/// Marks different partitions as equal if those of their `roots` (by the names in the reports) have equal
/// sums on both sides.
pub(super) fn compare_together(tables: &mut [TableReport], roots: &HashMap<String, &TableName>) {
    let mut sums: HashMap<&TableName, Option<(Content, Content)>> = HashMap::new();
    for table in tables.iter() {
        let Some(root) = roots.get(&table.table) else { continue };
        let sum = sums.entry(root).or_insert(Some((nothing(table), nothing(table))));
        *sum = match (table.outcome, &table.target, *sum) {
            (
                Outcome::Equal | Outcome::Different | Outcome::MayDiffer,
                Some(target),
                Some((on_source, on_target)),
            ) => Some((plus(on_source, table.source), plus(on_target, *target))),
            _ => None,
        };
    }
    for table in tables.iter_mut().filter(|table| differs(table)) {
        let sum = roots.get(&table.table).and_then(|root| sums.get(root)).copied().flatten();
        if sum.is_some_and(|(on_source, on_target)| on_source == on_target) {
            table.outcome = Outcome::Equal;
        }
    }
}

fn differs(table: &TableReport) -> bool {
    matches!(table.outcome, Outcome::Different | Outcome::MayDiffer)
}

fn nothing(table: &TableReport) -> Content {
    Content { rows: 0, hash: table.source.hash.map(|_| ContentHash(0)) }
}

/// The hash of a table is the sum of its rows' hashes.
fn plus(one: Content, other: Content) -> Content {
    let hash = one.hash.zip(other.hash);
    Content {
        rows: one.rows + other.rows,
        hash: hash.map(|(one, other)| ContentHash(one.0.wrapping_add(other.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(table: &str, source: (u64, u64), target: (u64, u64)) -> TableReport {
        let content = |(rows, hash)| Content { rows, hash: Some(ContentHash(hash)) };
        TableReport {
            table: table.into(),
            outcome: if source == target { Outcome::Equal } else { Outcome::Different },
            missing_columns: Vec::new(),
            source: content(source),
            target: Some(content(target)),
            milliseconds: 0,
        }
    }

    #[test]
    fn rows_may_stand_in_other_partitions_but_must_be_there() {
        let (cars, ships) = (TableName::new("public", "cars"), TableName::new("public", "ships"));
        let mut tables = [
            report("cars_0", (3, u64::MAX), (1, 5)),
            report("cars_1", (1, 7), (3, 1)),
            report("ships_0", (2, 4), (1, 4)),
            report("ships_1", (1, 7), (1, 7)),
        ];
        let roots =
            [("cars_0", &cars), ("cars_1", &cars), ("ships_0", &ships), ("ships_1", &ships)];
        compare_together(&mut tables, &roots.map(|(name, root)| (name.to_owned(), root)).into());
        let outcomes = tables.each_ref().map(|table| table.outcome);
        assert_eq!(outcomes, [Outcome::Equal, Outcome::Equal, Outcome::Different, Outcome::Equal]);
    }
}
