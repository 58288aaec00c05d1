//! Transaction groups: tables that are written together.

use crate::incremental::order::Order;
use crate::incremental::table_plan::TablePlan;

/// Tables that are copied in one transaction of the target.
#[derive(Debug)]
pub(super) struct TransactionGroup {
    /// Referenced tables come first.
    pub(super) plans: Vec<TablePlan>,
    /// The positions of the groups that must be complete before this one.
    pub(super) needs: Vec<usize>,
    /// Whether rows are deleted after all others are written, because they may still be referred to until
    /// then. Otherwise before, because a unique value may have moved to another row.
    pub(super) deletes_last: bool,
    /// The total cost of its tables.
    pub(super) weight: u64,
}

/// Each table is a group of its own, except tables connected by foreign keys if rows of a referenced one
/// are deleted: rows that refer to a deleted row must be deleted first, and new rows need others to be
/// there first, which no order of whole tables satisfies.
///
/// `plans` must be in the order's order.
pub(super) fn units(order: &Order, plans: Vec<TablePlan>) -> Vec<TransactionGroup> {
    let together = together(order, &plans.iter().map(TablePlan::deletes).collect::<Vec<_>>());
    let place = |table| order.tables.iter().position(|other| other == table);
    let mut heads: Vec<usize> = together.clone();
    heads.sort_unstable();
    heads.dedup();
    let unit_of = |table: usize| heads.iter().position(|head| *head == together[table]);
    let mut units: Vec<TransactionGroup> = heads
        .iter()
        .map(|_| TransactionGroup {
            plans: Vec::new(),
            needs: Vec::new(),
            deletes_last: false,
            weight: 0,
        })
        .collect();
    for (number, needed) in order.needs().iter().enumerate() {
        let Some(unit) = unit_of(number) else { continue };
        let others = needed.iter().filter_map(|needed| unit_of(*needed));
        units[unit].needs.extend(others.filter(|other| *other != unit));
    }
    for key in &order.keys {
        let unit = |table| place(table).and_then(unit_of);
        if let (Some(from), Some(to)) = (unit(&key.table), unit(&key.referenced))
            && from == to
        {
            units[from].deletes_last = true;
        }
    }
    for (number, plan) in plans.into_iter().enumerate() {
        if let Some(unit) = unit_of(number) {
            units[unit].weight += plan.weight;
            units[unit].plans.push(plan);
        }
    }
    units
}

/// For each table, the first one of its group.
fn together(order: &Order, deletes: &[bool]) -> Vec<usize> {
    let place = |table| order.tables.iter().position(|other| other == table);
    let ties: Vec<(usize, usize)> = order
        .keys
        .iter()
        .filter_map(|key| Some((place(&key.table)?, place(&key.referenced)?)))
        .filter(|(from, to)| from != to)
        .collect();
    // All tables connected by keys, whatever the keys are.
    let mut group: Vec<usize> = (0..order.tables.len()).collect();
    for (from, to) in &ties {
        let (low, high) = (group[*from].min(group[*to]), group[*from].max(group[*to]));
        group.iter_mut().filter(|one| **one == high).for_each(|one| *one = low);
    }
    let is_one = |head: usize| ties.iter().any(|(_, to)| group[*to] == head && deletes[*to]);
    (0..group.len())
        .map(|number| if is_one(group[number]) { group[number] } else { number })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableName;
    use crate::incremental::order::ForeignKey;

    fn order(tables: &[&str], keys: &[(&str, &str)]) -> Order {
        let table = |name: &&str| TableName::new("public", *name);
        let key = |(from, to): &(&str, &str)| ForeignKey {
            name: "key".into(),
            table: table(from),
            referenced: table(to),
        };
        Order {
            tables: tables.iter().map(table).collect(),
            keys: keys.iter().map(key).collect(),
            risky: Vec::new(),
        }
    }

    #[test]
    fn tables_go_together_when_rows_that_others_refer_to_are_deleted() {
        let keys = [("b", "a"), ("c", "b"), ("e", "d"), ("f", "f")];
        let order = order(&["a", "b", "c", "d", "e", "f"], &keys);
        assert_eq!(together(&order, &[false; 6]), [0, 1, 2, 3, 4, 5]);
        // Nobody refers to c, and only f itself to f.
        assert_eq!(together(&order, &[false, false, true, false, false, true]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            together(&order, &[false, true, false, false, false, false]),
            [0, 0, 0, 3, 4, 5]
        );
        assert_eq!(
            together(&order, &[false, false, false, true, false, false]),
            [0, 1, 2, 3, 3, 5]
        );
    }
}
