//! Locks: which items can run at the same time on a table.
//!
//! An item that waits for a lock blocks a worker, and two that wait for each other are a deadlock. Items
//! therefore declare their locks beforehand.

/// A table lock of the server (PostgreSQL's documentation, "Table-Level Locks").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LockMode {
    /// Rows are looked up to check another table's foreign key.
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
    /// Whether two sessions can hold these locks on the same table.
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
