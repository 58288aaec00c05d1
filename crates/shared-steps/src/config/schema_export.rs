//! The daily export of the schema.

use bull_queue::cron::CronSchedule;
use clap::Args;
use pg_replicate::DatabaseUrl;

use super::protected::Protected;
use super::reader::{Reader, or_default};
use super::settings::{ScheduleSettings, TIME_ZONE};

/// When the schema is exported; it was never configurable.
const NOON: &str = "0 12 * * *";

const TARGET: &str = "DB_SCHEMA_EXPORTER_DATABASE_TARGET";

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct SchemaExportOptions {
    /// `true` writes the schema of DATABASE_URL into DB_SCHEMA_EXPORTER_DATABASE_TARGET every day at noon, Europe/Paris
    #[arg(
        long,
        env = "DB_SCHEMA_EXPORTER_ENABLED",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Schema export"
    )]
    db_schema_exporter_enabled: String,

    /// The database that the schema is written into; what it holds under the same names is dropped
    #[arg(
        long,
        env = "DB_SCHEMA_EXPORTER_DATABASE_TARGET",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Schema export"
    )]
    db_schema_exporter_database_target: String,
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
    /// `others`: the databases that other steps read and write, by their variables.
    pub(super) fn read(
        &self,
        reader: &mut Reader,
        protected: &Protected,
        others: &[(&str, Option<&DatabaseUrl>)],
    ) -> Option<SchemaExportSettings> {
        let is_enabled =
            reader.flag("DB_SCHEMA_EXPORTER_ENABLED", &self.db_schema_exporter_enabled, false);
        let target = match or_default(&self.db_schema_exporter_database_target, "") {
            "" if is_enabled => reader.wrong(
                TARGET,
                None,
                "required while DB_SCHEMA_EXPORTER_ENABLED is true: must be a database's URL"
                    .into(),
            ),
            "" => Some(None),
            text => reader.database_url(TARGET, text, "").map(Some),
        }?;
        if let Some(target) = &target {
            reader.guard_database(TARGET, target, protected, others)?;
        }
        let schedule = match CronSchedule::parse(NOON) {
            Ok(parsed) if is_enabled => {
                Some(ScheduleSettings { cron: NOON.to_owned(), time_zone: TIME_ZONE, parsed })
            }
            _ => None,
        };
        Some(SchemaExportSettings { target, schedule })
    }
}
