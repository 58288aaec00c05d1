//! Weight: the expected cost of one or all objects.

/// Expected cost of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// In any unit that is the same for all objects of a tracker. It determines the percentage.
    pub cost: u64,
    /// The bytes that will be reported by [`ProgressItem::advance`](super::ProgressItem::advance); 0 if
    /// nothing is moved, as for an index. With bytes, an object counts while it is in progress, otherwise
    /// only when it ends.
    pub bytes: u64,
}

impl Weight {
    /// Moved bytes, each with a cost of one.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self { cost: bytes, bytes }
    }

    /// Work that moves no bytes.
    #[must_use]
    pub fn cost(cost: u64) -> Self {
        Self { cost, bytes: 0 }
    }

    /// The cost of `bytes` moved bytes.
    pub(super) fn cost_of(self, bytes: u64) -> u64 {
        if self.bytes == 0 {
            return 0;
        }
        let cost = u128::from(self.cost) * u128::from(bytes.min(self.bytes));
        u64::try_from(cost / u128::from(self.bytes)).unwrap_or(self.cost)
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cost: self.cost.saturating_add(other.cost),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    pub(super) fn at_least(self, other: Self) -> Self {
        Self { cost: self.cost.max(other.cost), bytes: self.bytes.max(other.bytes) }
    }
}

impl From<u64> for Weight {
    /// Moved bytes.
    fn from(bytes: u64) -> Self {
        Self::bytes(bytes)
    }
}
