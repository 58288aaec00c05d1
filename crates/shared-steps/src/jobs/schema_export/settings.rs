//! Variables of the daily export of the schema.

use clap::Args;
use pg_replicate::DatabaseUrl;

use crate::config::databases::{Database, DatabaseOptions, database};
use crate::config::schedule::ScheduleSettings;
use pipeline::config::Findings;
use pipeline::config::variable::{Flag, Optional, flag};

/// When the schema is exported; it was never configurable.
const NOON: &str = "0 12 * * *";

const TARGET: &str = "DB_SCHEMA_EXPORTER_DATABASE_TARGET";

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Schema export")]
pub(crate) struct SchemaExportOptions {
    /// `true` writes the schema of DATABASE_URL, without rows, into DB_SCHEMA_EXPORTER_DATABASE_TARGET every
    /// day at noon, Europe/Paris (docs/review-data.md)
    #[arg(long, env, default_value = "false", value_parser = flag())]
    db_schema_exporter_enabled: Flag,

    /// The database that the schema is written into; what it holds under the same names is dropped, rows
    /// included
    ///
    /// Required if DB_SCHEMA_EXPORTER_ENABLED is true, and by `run export-schema`.
    ///
    /// Example: postgresql://schema_user@localhost/schema_database
    #[arg(long, env, value_name = "URL", value_parser = database().optional())]
    db_schema_exporter_database_target: Optional<Database>,
}

/// What the variables mean.
#[derive(Debug, Clone)]
pub struct SchemaExportSettings {
    /// Where the schema is written; `run export-schema` uses it also when it is not scheduled.
    pub target: Option<DatabaseUrl>,
    /// When, if it is scheduled at all.
    pub schedule: Option<ScheduleSettings>,
}

impl SchemaExportOptions {
    pub(crate) fn settings(
        self,
        findings: &mut Findings,
        databases: &DatabaseOptions,
    ) -> Option<SchemaExportSettings> {
        let target = self.db_schema_exporter_database_target.map(|target| target.url);
        if let Some(target) = &target {
            databases.guard_other(findings, TARGET, target)?;
        }
        let mut schedule = None;
        if self.db_schema_exporter_enabled {
            findings.required(TARGET, "DB_SCHEMA_EXPORTER_ENABLED=true", target.as_ref())?;
            schedule = ScheduleSettings::parse(NOON).ok();
        }
        Some(SchemaExportSettings { target, schedule })
    }
}
