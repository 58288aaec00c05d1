//! Data of other databases, for review environments: `run load-data` and `run export-data`.

use std::path::PathBuf;

use pg_replicate::load::{ExportData, LoadData, LoadSource};
use pg_replicate::{CopyRule, DatabaseUrl, TableName, is_same_database};
use progress::{Context, Summary};

use crate::target_guard::{with_lock_timeout, writing};
use crate::{Settings, StepError};

/// Options of a load.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// In order; the source database if empty.
    pub from: Vec<LoadSource>,
    /// Tables that keep their rows.
    pub excluded: Vec<TableName>,
    /// Whether the tables are emptied first.
    pub truncates: bool,
    /// Whether columns that only the target has take their default.
    pub allows_new_columns: bool,
}

/// Options of an export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The source database by default.
    pub from: Option<DatabaseUrl>,
    /// The destination.
    pub file: PathBuf,
    /// Tables that are left out.
    pub excluded: Vec<TableName>,
    /// Whether the file first empties the tables.
    pub truncates: bool,
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

/// Loads data into the existing tables of `DATABASE_URL`.
///
/// # Errors
/// Why it did not succeed; the database is unchanged.
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
            *url = with_lock_timeout(settings, url);
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

/// Writes the data of a database to a file for [`load_data`].
///
/// # Errors
/// Why it did not succeed; no file is then left.
pub async fn export_data(
    settings: &Settings,
    request: ExportRequest,
    context: &Context,
) -> Result<Summary, StepError> {
    let ExportRequest { from, file, excluded, truncates } = request;
    let source = from.as_ref().unwrap_or(&settings.source);
    refuse_unmasked(settings, source, context).await?;
    let source = with_lock_timeout(settings, source);
    Ok(ExportData { source, excluded, truncates }.run(&file, context).await?)
}
