//! Promises of the modes: which tables are compared, and what to expect.

use crate::fingerprint::Table;
use crate::{BackupMode, TableMode, TableRule};

/// Which tables are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that the full copy copies.
    Copied,
    /// Those that are updated incrementally.
    Updated,
    /// Both.
    All,
}

/// What a copy promises for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// The target is equal to the source.
    Same,
    /// The target has every row of the source, and may have others that were deleted on the source.
    NoFewer,
    /// Rows that were changed or committed late may be missing.
    Nothing,
}

impl Promise {
    pub(super) fn of(rule: &TableRule) -> Self {
        match (rule.mode, &rule.cursor, rule.deletes) {
            (TableMode::Upsert, None, true) => Self::Same,
            (TableMode::Upsert, None, false) => Self::NoFewer,
            _ => Self::Nothing,
        }
    }

    /// Whether a table may differ from the source in this way, with these numbers of rows.
    pub(super) fn allows(self, on_source: u64, on_target: u64) -> bool {
        match self {
            Self::Same => false,
            Self::NoFewer => on_target > on_source,
            Self::Nothing => true,
        }
    }
}

/// The rule of an incremental table, or of the partitioned table that it is a partition of.
pub(super) fn rule<'a>(mode: &'a BackupMode, table: &Table) -> Option<&'a TableRule> {
    let of = |name| mode.updated().find(|(table, _)| *table == name).map(|(_, rule)| rule);
    of(&table.name).or_else(|| of(&table.root))
}
