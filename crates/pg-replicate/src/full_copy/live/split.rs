//! Splitting of a table that is too large for one worker.

use super::cost;
use super::tables::Table;

/// A range of a table's pages: the first page, and the first page after the range; without the latter, to
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(super) number: u32,
    pub(super) of: u32,
    first: u64,
    end: Option<u64>,
}

impl Part {
    /// As a condition on the table's rows.
    pub(super) fn condition(&self) -> String {
        let from = format!("ctid >= '({},0)'::pg_catalog.tid", self.first);
        match self.end {
            Some(end) => format!("{from} AND ctid < '({end},0)'::pg_catalog.tid"),
            None => from,
        }
    }
}

/// Minimum number of pages of a part: 8 MB.
const FEWEST_PAGES: u64 = 1024;

/// The parts of a table: only one, unless it takes longer than a worker's share of the total.
///
/// A whole table can be written with FREEZE, so that its pages need not be visited again; a part cannot.
pub(super) fn parts(table: &Table, total: u64, jobs: usize) -> Vec<Option<Part>> {
    let share = (total / jobs.max(1) as u64).max(1);
    let wanted = cost::data(table).div_ceil(share);
    let count = wanted.min(table.pages / FEWEST_PAGES);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if jobs < 2 || count < 2 || cost::data(table) <= share {
        return vec![None];
    }
    let size = table.pages.div_ceil(u64::from(count));
    let part = |number: u32| Part {
        number: number + 1,
        of: count,
        first: u64::from(number) * size,
        end: (number + 1 < count).then(|| u64::from(number + 1) * size),
    };
    (0..count).map(part).map(Some).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TableName;

    fn table(pages: u64) -> Table {
        Table {
            name: TableName::new("public", "t"),
            target: TableName::new("public", "t"),
            columns: Vec::new(),
            is_binary: true,
            through: None,
            pages,
            heap_bytes: pages * 8192,
            toast_bytes: 0,
            rows: 0.0,
        }
    }

    #[test]
    fn only_what_is_larger_than_a_share() {
        let large = table(100_000);
        let total = cost::data(&large) + cost::data(&table(10_000));
        assert_eq!(parts(&table(10_000), total, 2), [None]);
        assert_eq!(parts(&large, total, 1), [None]);
        let two = parts(&large, total, 2);
        let conditions: Vec<_> = two.iter().flatten().map(Part::condition).collect();
        assert_eq!(
            conditions,
            [
                "ctid >= '(0,0)'::pg_catalog.tid AND ctid < '(50000,0)'::pg_catalog.tid",
                "ctid >= '(50000,0)'::pg_catalog.tid",
            ]
        );
        assert_eq!(parts(&table(1000), 1000 * 8192, 2), [None], "small");
    }

    proptest! {
        #[test]
        fn parts_leave_no_page_out(pages in 0_u64..1_000_000, others in 0_u64..1_000_000, jobs in 1_usize..20) {
            let table = table(pages);
            let total = cost::data(&table) + others * 8192;
            let parts = parts(&table, total, jobs);
            let mut next = 0;
            for part in parts.iter().flatten() {
                prop_assert_eq!(part.first, next);
                next = part.end.unwrap_or(u64::MAX);
                prop_assert!(part.first < pages && next > part.first);
            }
            prop_assert!(next == u64::MAX || parts == [None]);
        }
    }
}
