//! Which items can run beside one another on a table.
//!
//! An item that would wait for a lock keeps a worker from other work, and two that wait for each other
//! are a deadlock. So items say beforehand which locks they take.

/// A lock on a table, as the server takes it (PostgreSQL's documentation, "Table-Level Locks").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LockMode {
    /// Rows are looked up by the check of another table's foreign key.
    RowShare,
    /// Rows are written.
    RowExclusive,
    /// VALIDATE CONSTRAINT, ANALYZE.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// ADD FOREIGN KEY, on both tables.
    ShareRowExclusive,
    /// TRUNCATE, most forms of ALTER TABLE.
    AccessExclusive,
}

impl LockMode {
    /// Whether two sessions can hold these locks on one table.
    pub(super) fn goes_with(self, other: Self) -> bool {
        let conflicts: &[Self] = match self {
            Self::RowShare => &[Self::AccessExclusive],
            Self::RowExclusive => &[Self::Share, Self::ShareRowExclusive, Self::AccessExclusive],
            Self::ShareUpdateExclusive => &[
                Self::ShareUpdateExclusive,
                Self::Share,
                Self::ShareRowExclusive,
                Self::AccessExclusive,
            ],
            Self::Share => &[
                Self::RowExclusive,
                Self::ShareUpdateExclusive,
                Self::ShareRowExclusive,
                Self::AccessExclusive,
            ],
            Self::ShareRowExclusive => &[
                Self::RowExclusive,
                Self::ShareUpdateExclusive,
                Self::Share,
                Self::ShareRowExclusive,
                Self::AccessExclusive,
            ],
            Self::AccessExclusive => return false,
        };
        !conflicts.contains(&other)
    }
}

#[cfg(test)]
mod tests {
    use super::LockMode::{
        AccessExclusive, RowExclusive, RowShare, Share, ShareRowExclusive, ShareUpdateExclusive,
    };

    #[test]
    fn conflicts_go_both_ways() {
        let all = [
            RowShare,
            RowExclusive,
            ShareUpdateExclusive,
            Share,
            ShareRowExclusive,
            AccessExclusive,
        ];
        for one in all {
            for other in all {
                assert_eq!(one.goes_with(other), other.goes_with(one), "{one:?} {other:?}");
            }
            assert!(!AccessExclusive.goes_with(one));
        }
    }

    #[test]
    fn what_runs_beside_what() {
        assert!(Share.goes_with(Share), "indexes of one table");
        assert!(RowExclusive.goes_with(RowExclusive), "parts of one table");
        assert!(RowShare.goes_with(ShareUpdateExclusive), "a validation beside the other table's");
        assert!(!ShareUpdateExclusive.goes_with(ShareUpdateExclusive), "validations of one table");
        assert!(
            !ShareRowExclusive.goes_with(ShareUpdateExclusive),
            "a new key beside a validation"
        );
    }
}
