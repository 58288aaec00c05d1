//! The programs and methods that are compared.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A way to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub(crate) enum Contestant {
    /// pg_dump -Fc, then pg_restore -j 4
    Today,
    /// The same, then the enrichment's indexes
    TodayEnriched,
    /// pg_dump -Fd -j 2, then pg_restore -j 2
    Directory,
    /// pgcopydb clone, with default settings
    Pgcopydb,
    /// `run backup-restore` of this workspace, live
    Ours,
    /// The same through an archive
    OursArchive,
    /// `run full-replication` of this workspace, live, with the enrichment
    OursEnriched,
    /// Only the rows, into tables without indexes
    Bare,
    /// The last tenth of three tables: text from psql into psql, one table after the other
    PsqlPipe,
    /// The same by `run incremental` of this workspace
    Incremental,
}

impl Contestant {
    /// Whether it copies the last tenth of three tables only.
    pub(crate) fn is_incremental(self) -> bool {
        matches!(self, Self::PsqlPipe | Self::Incremental)
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Its title in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Today => "Node.js: pg_dump -Fc, pg_restore -j 4",
            Self::TodayEnriched => "Node.js: with enrichment",
            Self::Directory => "pg_dump -Fd -j 2, pg_restore -j 2",
            Self::Pgcopydb => "pgcopydb clone, defaults",
            Self::Ours => "ours",
            Self::OursArchive => "ours, BACKUP_METHOD=archive",
            Self::OursEnriched => "ours, with enrichment",
            Self::Bare => "bare limit: rows only, no index",
            Self::PsqlPipe => "Node.js: psql into psql, one table at a time",
            Self::Incremental => "ours, two tables at a time",
        }
    }

    /// How the Node.js program does the same.
    pub(crate) fn baseline(self) -> Option<Self> {
        Some(match self {
            Self::TodayEnriched | Self::OursEnriched => Self::TodayEnriched,
            Self::PsqlPipe | Self::Incremental => Self::PsqlPipe,
            _ => Self::Today,
        })
    }

    /// pgcopydb, if both do the same: it has no enrichment.
    pub(crate) fn pgcopydb(self) -> Option<Self> {
        let is_comparable = !matches!(self, Self::TodayEnriched | Self::OursEnriched);
        is_comparable.then_some(Self::Pgcopydb)
    }
}
