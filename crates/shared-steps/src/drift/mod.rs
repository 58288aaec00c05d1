//! What has changed in the source's tables since they were copied.

pub mod table;

use std::time::Duration;

use pg_replicate::TableName;
use pg_replicate::drift::{self, DriftReport};
use progress::Context;
use serde_json::Value;

use crate::jobs::learning_content;
use crate::{Settings, StepError};

/// A copy does not wait longer for the comparison.
const LIMIT: Duration = Duration::from_secs(60);

/// Compares the tables of source and target. Those of the learning content and of `FRESHNESS_SCHEMA` are not expected on
/// the source.
///
/// # Errors
/// Why they could not be compared.
pub async fn compare(settings: &Settings, context: &Context) -> Result<DriftReport, StepError> {
    let Settings { source, target, mode, learning_content: content, .. } = settings;
    let report = drift::compare(source, target, mode, context).await?;
    let freshness = settings.copy.freshness_schema.as_deref();
    let is_ours = |table: &TableName| {
        Some(table.schema.as_str()) == freshness || learning_content::makes(content, table)
    };
    Ok(report.without_gone(is_ours))
}

/// [`compare`] before a copy: logs what has changed, and returns it if anything has. That it is unknown is only a
/// warning.
pub(crate) async fn before_copy(settings: &Settings, context: &Context) -> Option<Box<Value>> {
    let unknown = |why: &dyn std::fmt::Display| {
        tracing::warn!("What has changed on the source since it was copied is not known: {why}");
    };
    match tokio::time::timeout(LIMIT, compare(settings, context)).await {
        Ok(Ok(report)) => {
            report.log();
            (!report.is_empty()).then(|| serde_json::to_value(&report).ok()).flatten().map(Box::new)
        }
        // The copy notices it itself.
        Ok(Err(StepError::Interrupted)) => None,
        Ok(Err(error)) => {
            unknown(&error);
            None
        }
        Err(_) => {
            unknown(&format!("the comparison took longer than {} s", LIMIT.as_secs()));
            None
        }
    }
}
