//! What an object, or all of them, are expected to take.

/// What work is expected to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// In any unit that is the same for all objects of a board. The percentage counts it.
    pub cost: u64,
    /// What will be told by [`ProgressItem::advance`](super::ProgressItem::advance); 0 where nothing is moved,
    /// as for an index. With it, an object counts while it runs, without it only when it ends.
    pub bytes: u64,
}

impl Weight {
    /// Bytes that are moved, each costing one.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self { cost: bytes, bytes }
    }

    /// Work that moves no bytes.
    #[must_use]
    pub fn cost(cost: u64) -> Self {
        Self { cost, bytes: 0 }
    }

    /// What `bytes` moved of these cost.
    pub(super) fn cost_of(self, bytes: u64) -> u64 {
        if self.bytes == 0 {
            return 0;
        }
        let cost = u128::from(self.cost) * u128::from(bytes.min(self.bytes));
        u64::try_from(cost / u128::from(self.bytes)).unwrap_or(self.cost)
    }

    /// Both.
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
    /// Bytes that are moved.
    fn from(bytes: u64) -> Self {
        Self::bytes(bytes)
    }
}
