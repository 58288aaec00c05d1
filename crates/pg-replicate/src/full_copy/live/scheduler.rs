//! Scheduler of the graph's items: dependencies, locks, and the critical path.

use std::collections::HashMap;

use crate::TableName;
use crate::full_copy::live::lock::LockMode;

/// The number of an item in its graph.
pub(crate) type ItemId = usize;

/// One item of work.
#[derive(Clone, Debug)]
pub(crate) struct Item<W> {
    pub(super) work: W,
    /// Its cost, in the same unit for all items.
    pub(crate) cost: u64,
    /// The items that must be done before.
    pub(super) needs: Vec<ItemId>,
    /// The locks it takes on the target.
    pub(super) locks: Vec<(TableName, LockMode)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemState {
    Waiting,
    Running,
    Done,
    /// It failed, or an item it needs did.
    Failed,
}

/// Orders items so that all workers stay busy until the end: of those that can run, the one with the
/// longest remaining path comes first.
#[derive(Debug)]
pub(super) struct Graph<W> {
    items: Vec<Item<W>>,
    states: Vec<ItemState>,
    /// Cost of the longest path from an item's start to the end.
    ways: Vec<u64>,
    held: HashMap<TableName, Vec<LockMode>>,
}

impl<W> Graph<W> {
    /// Items may only depend on earlier items.
    pub(super) fn new(items: Vec<Item<W>>) -> Self {
        let mut ways: Vec<u64> = items.iter().map(|item| item.cost).collect();
        for number in (0..items.len()).rev() {
            debug_assert!(items[number].needs.iter().all(|needed| *needed < number));
            for needed in &items[number].needs {
                ways[*needed] = ways[*needed].max(items[*needed].cost + ways[number]);
            }
        }
        Self { states: vec![ItemState::Waiting; items.len()], ways, items, held: HashMap::new() }
    }

    pub(super) fn item(&self, id: ItemId) -> &Item<W> {
        &self.items[id]
    }

    /// Takes the best item that can run now.
    pub(super) fn start_next(&mut self) -> Option<ItemId> {
        let ready = (0..self.items.len()).filter(|id| self.is_ready(*id));
        // Of equal ones, the first: items are in the archive's order.
        let id = ready.max_by_key(|id| (self.ways[*id], std::cmp::Reverse(*id)))?;
        self.states[id] = ItemState::Running;
        for (table, mode) in &self.items[id].locks {
            self.held.entry(table.clone()).or_default().push(*mode);
        }
        Some(id)
    }

    /// Marks a waiting item as impossible; returns it and those that can therefore not run either.
    pub(super) fn rule_out(&mut self, id: ItemId) -> Vec<ItemId> {
        if self.states[id] != ItemState::Waiting {
            return Vec::new();
        }
        self.states[id] = ItemState::Failed;
        let mut ruled_out = vec![id];
        ruled_out.extend(self.skipped_after(id));
        ruled_out
    }

    /// The numbers of all items.
    pub(super) fn ids(&self) -> std::ops::Range<ItemId> {
        0..self.items.len()
    }

    /// How many more items could run now in parallel.
    pub(super) fn ready(&self) -> usize {
        (0..self.items.len()).filter(|id| self.is_ready(*id)).count()
    }

    fn is_ready(&self, id: ItemId) -> bool {
        self.states[id] == ItemState::Waiting
            && self.items[id].needs.iter().all(|needed| self.states[*needed] == ItemState::Done)
            && self.items[id].locks.iter().all(|(table, mode)| {
                let held = self.held.get(table);
                held.is_none_or(|held| held.iter().all(|other| mode.goes_with(*other)))
            })
    }

    /// A started item is done.
    pub(super) fn done(&mut self, id: ItemId) {
        self.end(id, ItemState::Done);
    }

    /// A started item has failed; returns those that can therefore not run.
    pub(super) fn failed(&mut self, id: ItemId) -> Vec<ItemId> {
        self.end(id, ItemState::Failed);
        self.skipped_after(id)
    }

    fn skipped_after(&mut self, id: ItemId) -> Vec<ItemId> {
        let mut skipped = Vec::new();
        for later in id + 1..self.items.len() {
            let needs_failed = self.items[later]
                .needs
                .iter()
                .any(|needed| self.states[*needed] == ItemState::Failed);
            if needs_failed && self.states[later] == ItemState::Waiting {
                self.states[later] = ItemState::Failed;
                skipped.push(later);
            }
        }
        skipped
    }

    fn end(&mut self, id: ItemId, state: ItemState) {
        debug_assert_eq!(self.states[id], ItemState::Running);
        self.states[id] = state;
        for (table, mode) in &self.items[id].locks {
            if let Some(held) = self.held.get_mut(table)
                && let Some(place) = held.iter().position(|other| other == mode)
            {
                held.swap_remove(place);
            }
        }
    }

    /// Whether nothing is waiting or running.
    pub(super) fn is_ended(&self) -> bool {
        self.states.iter().all(|state| matches!(state, ItemState::Done | ItemState::Failed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(cost: u64, needs: &[ItemId], locks: &[(&str, LockMode)]) -> Item<()> {
        let lock = |(table, mode): &(&str, LockMode)| (TableName::new("public", *table), *mode);
        Item { work: (), cost, needs: needs.to_vec(), locks: locks.iter().map(lock).collect() }
    }

    #[test]
    fn the_longest_way_comes_first() {
        let mut graph = Graph::new(vec![item(5, &[], &[]), item(1, &[], &[]), item(7, &[1], &[])]);
        assert_eq!(graph.start_next(), Some(1));
        assert_eq!(graph.start_next(), Some(0));
        assert_eq!(graph.start_next(), None);
        graph.done(1);
        assert_eq!(graph.ready(), 1);
        assert_eq!(graph.start_next(), Some(2));
        graph.done(0);
        assert!(!graph.is_ended());
        graph.done(2);
        assert!(graph.is_ended());
    }

    #[test]
    fn nobody_waits_for_a_lock() {
        let mut graph = Graph::new(vec![
            item(9, &[], &[("a", LockMode::Share)]),
            item(8, &[], &[("a", LockMode::AccessExclusive)]),
            item(7, &[], &[("a", LockMode::Share)]),
            item(1, &[], &[("b", LockMode::AccessExclusive)]),
        ]);
        assert_eq!(graph.start_next(), Some(0));
        assert_eq!(graph.start_next(), Some(2));
        assert_eq!(graph.start_next(), Some(3));
        assert_eq!(graph.start_next(), None);
        graph.done(0);
        assert_eq!(graph.start_next(), None);
        graph.done(2);
        assert_eq!(graph.start_next(), Some(1));
    }

    #[test]
    fn what_needs_a_failure_is_skipped() {
        let mut graph = Graph::new(vec![
            item(3, &[], &[]),
            item(1, &[0], &[]),
            item(1, &[1], &[]),
            item(1, &[], &[]),
        ]);
        assert_eq!(graph.start_next(), Some(0));
        assert_eq!(graph.failed(0), [1, 2]);
        assert_eq!(graph.start_next(), Some(3));
        graph.done(3);
        assert!(graph.is_ended());
    }

    const MODES: [LockMode; 6] = [
        LockMode::RowShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::AccessExclusive,
    ];

    fn any_items() -> impl Strategy<Value = Vec<Item<()>>> {
        let one = (
            0_u64..50,
            proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
            proptest::collection::vec((0_usize..3, 0_usize..6), 0..3),
        );
        proptest::collection::vec(one, 1..25).prop_map(|ones| {
            let build = |(number, (cost, needs, locks)): (usize, (u64, Vec<_>, Vec<_>))| {
                let needs: Vec<ItemId> = if number == 0 {
                    Vec::new()
                } else {
                    needs.iter().map(|at: &prop::sample::Index| at.index(number)).collect()
                };
                let name = |table: usize| ["a", "b", "c"][table];
                let locks: Vec<_> =
                    locks.into_iter().map(|(table, mode)| (name(table), MODES[mode])).collect();
                item(cost, &needs, &locks)
            };
            ones.into_iter().enumerate().map(build).collect()
        })
    }

    proptest! {
        #[test]
        fn every_item_runs_once_after_what_it_needs(
            items in any_items(),
            workers in 1_usize..5,
            choices in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 100),
        ) {
            let mut graph = Graph::new(items);
            let mut running: Vec<ItemId> = Vec::new();
            let (mut done, mut skipped) = (Vec::new(), Vec::new());
            for (choice, fails) in choices {
                while running.len() < workers {
                    let Some(id) = graph.start_next() else { break };
                    let needs = &graph.item(id).needs;
                    prop_assert!(needs.iter().all(|needed| done.contains(needed)));
                    for other in &running {
                        for (table, mode) in &graph.item(*other).locks {
                            let mut mine = graph.item(id).locks.iter();
                            prop_assert!(mine.all(|(its, lock)| its != table || lock.goes_with(*mode)));
                        }
                    }
                    running.push(id);
                }
                if running.is_empty() {
                    break;
                }
                let id = running.swap_remove(choice.index(running.len()));
                if fails {
                    skipped.extend(graph.failed(id));
                    skipped.push(id);
                } else {
                    graph.done(id);
                    done.push(id);
                }
            }
            prop_assert!(graph.is_ended());
            prop_assert_eq!(done.len() + skipped.len(), graph.items.len());
        }
    }
}
