//! The job that exports the schema of the target into another database.

pub(crate) mod settings;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use pg_replicate::load::ExportSchema;
use pipeline::Step;
use progress::{Context, Summary};

use super::job::{Attempt, Job, JobSchedule};
use super::notification::report::RunReport;
use crate::target_guard::{with_lock_timeout, writing};
use crate::{Settings, StepError};

/// The value of the field `event` in log lines of the schema export.
const EVENT: &str = "db-schema-exporter";

/// The job.
#[derive(Debug)]
pub struct SchemaExportJob;

#[async_trait]
impl Job for SchemaExportJob {
    fn step(&self) -> Step {
        Step::SCHEMA_EXPORT
    }

    fn schedule<'a>(&self, settings: &'a Settings) -> JobSchedule<'a> {
        settings.schema_export.schedule.as_ref().into()
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        match settings.schema_export.schedule {
            Some(_) => Ok(()),
            None => Err("DB_SCHEMA_EXPORTER_ENABLED is not true"),
        }
    }

    /// Writes the schema of `DATABASE_URL` into `DB_SCHEMA_EXPORTER_DATABASE_TARGET`. If it fails, the
    /// other database is as it was.
    async fn run(
        &self,
        settings: &Settings,
        _: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let Some(target) = settings.schema_export.target.clone() else {
            return Err(StepError::Configuration(
                "DB_SCHEMA_EXPORTER_DATABASE_TARGET is not set: name the database that the schema is written into",
            ));
        };
        tracing::info!(event = EVENT, "Start schema export");
        let export = ExportSchema { source: with_lock_timeout(settings, &settings.target), target };
        let summary = writing(&export.target, "export-schema", settings, context, |context| {
            let export = &export;
            async move { Ok(export.run(&context).await?) }
        })
        .await;
        match &summary {
            Ok(_) => tracing::info!(event = EVENT, "End schema export"),
            Err(StepError::Interrupted) => {}
            Err(error) => tracing::error!(event = EVENT, "Schema export failed: {error}"),
        }
        summary
    }
}
