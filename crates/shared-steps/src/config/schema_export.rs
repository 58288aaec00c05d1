//! The daily export of the schema.

use bull_queue::cron::CronSchedule;
use clap::Args;
use pg_replicate::DatabaseUrl;

use super::error::Problem;
use super::settings::{ScheduleSettings, TIME_ZONE};

/// When the schema is exported; it was never configurable.
const NOON: &str = "0 12 * * *";

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
    pub(super) db_schema_exporter_enabled: String,

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
    /// `written`: the databases that other steps read and write, by their variables.
    pub(super) fn read(
        &self,
        is_enabled: bool,
        others: &[(&str, Option<&DatabaseUrl>)],
    ) -> Result<SchemaExportSettings, Problem> {
        let wrong = |wanted: String| Problem {
            variable: "DB_SCHEMA_EXPORTER_DATABASE_TARGET",
            found: None,
            wanted,
        };
        let text = self.db_schema_exporter_database_target.trim();
        let target: Option<DatabaseUrl> = if text.is_empty() {
            None
        } else {
            Some(text.parse().map_err(|error| wrong(format!("{error}")))?)
        };
        if let Some(target) = &target {
            let same = |(_, url): &&(&str, Option<&DatabaseUrl>)| {
                url.is_some_and(|url| url.same_database(target))
            };
            if let Some((variable, _)) = others.iter().find(same) {
                return Err(wrong(format!(
                    "it is the database of {variable}, whose tables would be dropped with their rows: another one is wanted"
                )));
            }
        } else if is_enabled {
            return Err(wrong(
                "a database's URL is wanted while DB_SCHEMA_EXPORTER_ENABLED is true".into(),
            ));
        }
        let schedule = match CronSchedule::parse(NOON) {
            Ok(parsed) if is_enabled => {
                Some(ScheduleSettings { cron: NOON.to_owned(), time_zone: TIME_ZONE, parsed })
            }
            _ => None,
        };
        Ok(SchemaExportSettings { target, schedule })
    }
}
