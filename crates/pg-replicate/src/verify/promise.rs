//! Which tables are compared, and what their modes promise.

use crate::fingerprint::Table;
use crate::{BackupMode, TableMode, TableRule};

/// Which tables are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that the full copy copies.
    Copied,
    /// Those that are kept up to date.
    Updated,
    /// Both.
    All,
}

/// What a copy promises of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// The target holds what the source holds.
    Same,
    /// The target has every row of the source, and may have others that the source has lost.
    NoFewer,
    /// Rows that were changed, or committed late, may not be there.
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

    /// Whether a table may hold other rows than on the source, so many of them.
    pub(super) fn allows(self, on_source: u64, on_target: u64) -> bool {
        match self {
            Self::Same => false,
            Self::NoFewer => on_target > on_source,
            Self::Nothing => true,
        }
    }
}

/// The rule by which a kept table, or the partitioned table that it is a part of, is kept up to date.
pub(super) fn rule<'a>(mode: &'a BackupMode, table: &Table) -> Option<&'a TableRule> {
    let of = |name| mode.updated().find(|(table, _)| *table == name).map(|(_, rule)| rule);
    of(&table.name).or_else(|| of(&table.root))
}
