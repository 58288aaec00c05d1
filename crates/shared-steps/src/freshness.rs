//! Writes down on the target, in the schema of `FRESHNESS_SCHEMA`, what a step has copied.

use std::time::SystemTime;

use chrono::Utc;
use pg_replicate::freshness::{self, FreshTable, Run, RunStart};
use pg_replicate::{DatabaseUrl, TableName};
use progress::Summary;

use crate::{Settings, StepError};

/// The method and the mode of the learning content's tables.
const CONTENT: &str = "learning-content";

/// `work` restores a dump by hand.
pub(crate) async fn restoring(
    settings: &Settings,
    work: impl Future<Output = Result<Summary, StepError>>,
) -> Result<Summary, StepError> {
    let run_id = format!("{}-restore", Utc::now().timestamp_millis());
    let copying = Copying::start(settings, &run_id);
    let summary = work.await?;
    copying.replaced("restore", &summary).await;
    Ok(summary)
}

/// A step that copies, from its start.
pub(crate) struct Copying<'a> {
    settings: &'a Settings,
    run_id: &'a str,
    started_at: SystemTime,
}

impl<'a> Copying<'a> {
    pub(crate) fn start(settings: &'a Settings, run_id: &'a str) -> Self {
        Self { settings, run_id, started_at: SystemTime::now() }
    }

    /// What is known of the run.
    pub(crate) fn run(&self, method: &str) -> RunStart {
        RunStart {
            id: self.run_id.to_owned(),
            method: method.to_owned(),
            started_at: self.started_at,
        }
    }

    /// A full copy has replaced the tables of `DATABASE_URL`.
    pub(crate) async fn replaced(&self, method: &str, summary: &Summary) {
        self.record(&self.settings.target, method, None, summary).await;
    }

    /// The incremental tables of `TARGET_DATABASE_URL` are up to date.
    pub(crate) async fn updated(&self, summary: &Summary) {
        let tables = freshness::updated_tables(&self.settings.mode, &summary.facts);
        self.record(&self.settings.incremental_target, "incremental", Some(tables), summary).await;
    }

    /// The tables of the learning content have been replaced.
    pub(crate) async fn loaded(&self, summary: &Summary) {
        let content = &self.settings.learning_content;
        let name = |table: &String| {
            let name = table.strip_prefix(&content.schema)?.strip_prefix('.')?;
            Some(TableName::new(content.schema.clone(), name))
        };
        let names = summary.facts.rows.keys().filter_map(name);
        let tables = names.map(|name| FreshTable::new(name, CONTENT, &summary.facts));
        self.record(&content.target, CONTENT, Some(tables.collect()), summary).await;
    }

    /// That it cannot be written down is a warning: the tables are copied, and appear older than they are.
    /// `tables`: `None` for all that a full copy makes.
    async fn record(
        &self,
        target: &DatabaseUrl,
        method: &str,
        tables: Option<Vec<FreshTable>>,
        summary: &Summary,
    ) {
        let Some(schema) = &self.settings.copy.freshness_schema else { return };
        let facts = &summary.facts;
        let run = Run::of(self.run(method), facts, tables);
        let recorded = freshness::record_now(target, schema, &self.settings.mode, facts, run).await;
        if let Err(error) = recorded {
            tracing::warn!("How fresh the tables are was not written down: {error}");
        }
    }
}
