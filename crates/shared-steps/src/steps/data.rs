//! Data and schema of other databases: for review environments, outside of the night.

use std::path::PathBuf;

use pg_replicate::load::{ExportData, ExportSchema, LoadData, LoadSource};
use pg_replicate::{CopyRule, DatabaseUrl, TableName, is_same_database};
use progress::{Context, Summary};

use super::guard::writing;
use crate::{Settings, StepError};

/// The value of the field `event` in the log lines of the schema export.
const EVENT: &str = "db-schema-exporter";

/// What is loaded.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// In their order; the source database when there is none.
    pub from: Vec<LoadSource>,
    /// Tables that keep their rows.
    pub excluded: Vec<TableName>,
    /// Whether the tables are emptied first.
    pub truncates: bool,
    /// Whether a column that only the target has takes its default.
    pub allows_new_columns: bool,
}

/// What is exported.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The source database unless given.
    pub from: Option<DatabaseUrl>,
    /// Where to.
    pub file: PathBuf,
    /// Tables that stay out of the file.
    pub excluded: Vec<TableName>,
    /// Whether the file empties the tables first.
    pub truncates: bool,
}

/// A database that is read, where `SOURCE_LOCK_TIMEOUT` holds.
fn patient(settings: &Settings, url: &DatabaseUrl) -> DatabaseUrl {
    match settings.source.lock_timeout() {
        Some(limit) => url.clone().with_lock_timeout(limit),
        None => url.clone(),
    }
}

/// Refuses the database that `BACKUP_MODE` has rules for: here rows are read as they are, and what is meant to be filtered or
/// masked would arrive in a review environment without a word. The servers are asked: it may have another name.
async fn refuse_unmasked(
    settings: &Settings,
    url: &DatabaseUrl,
    context: &Context,
) -> Result<(), StepError> {
    let changes = |rule: &CopyRule| rule.filter().is_some() || rule.columns().next().is_some();
    let rules = settings.mode.copy_rules().filter(|(_, rule)| changes(&rule.copy));
    let names: Vec<String> = rules.map(|(table, _)| format!("\"{table}\"")).collect();
    let source = &settings.source;
    let is_known = settings.has_source || source.same_database(url);
    if names.is_empty() || !is_known || !is_same_database(source, url, context).await? {
        return Ok(());
    }
    Err(pg_replicate::Error::Configuration(format!(
        "BACKUP_MODE has rules for the rows or columns of {}, and this step would read {url}, which is the database of \
         SOURCE_DATABASE_URL, as it is: nothing would be filtered or masked; read a database that holds masked rows \
         (--from), or take the rules out of BACKUP_MODE",
        names.join(", ")
    ))
    .into())
}

/// Loads data into `DATABASE_URL`, whose tables are there already.
///
/// # Errors
/// Why it did not succeed; the database is as it was.
pub async fn load_data(
    settings: &Settings,
    request: LoadRequest,
    context: &Context,
) -> Result<Summary, StepError> {
    let LoadRequest { mut from, excluded, truncates, allows_new_columns } = request;
    if from.is_empty() {
        from.push(LoadSource::Database(settings.source.clone()));
    }
    for source in &mut from {
        if let LoadSource::Database(url) = source {
            refuse_unmasked(settings, url, context).await?;
            *url = patient(settings, url);
        }
    }
    let target = settings.target.clone();
    let load = LoadData { sources: from, target, excluded, truncates, allows_new_columns };
    writing(&settings.target, "load-data", settings, context, |context| {
        let load = &load;
        async move { Ok(load.run(&context).await?) }
    })
    .await
}

/// Writes the data of a database into a file that [`load_data`] takes.
///
/// # Errors
/// Why it did not succeed; no file is left then.
pub async fn export_data(
    settings: &Settings,
    request: ExportRequest,
    context: &Context,
) -> Result<Summary, StepError> {
    let ExportRequest { from, file, excluded, truncates } = request;
    let source = from.as_ref().unwrap_or(&settings.source);
    refuse_unmasked(settings, source, context).await?;
    let source = patient(settings, source);
    Ok(ExportData { source, excluded, truncates }.run(&file, context).await?)
}

/// Writes the schema of `DATABASE_URL` into `DB_SCHEMA_EXPORTER_DATABASE_TARGET`.
///
/// # Errors
/// Why it did not succeed; the other database is as it was.
pub async fn export_schema(settings: &Settings, context: &Context) -> Result<Summary, StepError> {
    let Some(target) = settings.schema_export.target.clone() else {
        return Err(StepError::Configuration(
            "DB_SCHEMA_EXPORTER_DATABASE_TARGET is not set: name the database that the schema is written into",
        ));
    };
    tracing::info!(event = EVENT, "Start schema export");
    let export = ExportSchema { source: patient(settings, &settings.target), target };
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
