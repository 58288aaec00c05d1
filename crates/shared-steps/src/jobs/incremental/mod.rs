//! The job that copies new rows of the incremental tables.

pub(crate) mod settings;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use pg_replicate::{Check, Incremental};
use pipeline::Step;
use progress::{Context, Summary};

use super::job::{Attempt, Job};
use super::notification::report::RunReport;
use crate::freshness::Copying;
use crate::server_check::with_variables;
use crate::target_guard::{ensure_target, writing};
use crate::{Settings, StepError};

/// The job.
#[derive(Debug)]
pub struct IncrementalReplicationJob;

#[async_trait]
impl Job for IncrementalReplicationJob {
    fn step(&self) -> Step {
        Step::INCREMENTAL_REPLICATION
    }

    fn ensure_enabled(&self, settings: &Settings) -> Result<(), &'static str> {
        ensure_target(settings)
    }

    async fn check(&self, settings: &Settings) -> Vec<Check> {
        with_variables(incremental(settings).check().await, "TARGET_DATABASE_URL")
    }

    async fn run(
        &self,
        settings: &Settings,
        attempt: &Attempt,
        _: BoxFuture<'_, RunReport>,
        context: &Context,
    ) -> Result<Summary, StepError> {
        let incremental = incremental(settings);
        if incremental.mode.updated().next().is_none() {
            return Ok(incremental.run(context).await?);
        }
        writing(&incremental.target, "incremental", settings, context, |context| {
            let incremental = &incremental;
            async move {
                let copying = Copying::start(settings, &attempt.run_id);
                let summary = incremental.run_and_verify(settings.copy.verify, &context).await?;
                copying.updated(&summary).await;
                Ok(summary)
            }
        })
        .await
    }
}

fn incremental(settings: &Settings) -> Incremental {
    Incremental {
        source: settings.source.clone(),
        target: settings.incremental_target.clone(),
        mode: settings.mode.clone(),
        format: settings.incremental.incremental_copy_format,
        jobs: settings.incremental.incremental_jobs,
        schema_changes: settings.incremental.schema_changes,
    }
}
