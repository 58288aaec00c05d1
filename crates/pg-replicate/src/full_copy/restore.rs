//! The restore of what is wanted of an archive.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use super::live::large_objects::LargeObjects;
use super::live::plan::{Choices, plan as divide_among_workers};
use super::restore_log::Event;
use super::restore_progress::RestoreProgress;
use crate::archive::read_archive;
use crate::archive::{Archive, Entry, Filter, Reason, Selection};
use crate::full_copy::failure_policy::FailurePolicy;
use crate::full_copy::live::worker_pool::{Shared, WorkerPool};
use crate::full_copy::{ForeignKeys, FullCopy, object_catalog, pg_restore_run, restore_progress};
use crate::masking::Rules;
use crate::postgres::catalog;
use crate::postgres::connection::Connection;
use crate::{Error, TableName};
use progress::{Context, PhaseSummary, Summary};

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start restore Backup");
    context.check()?;
    let archive = read_archive(dump).await?;
    let restored = plan(copy, &archive, context).await?;
    restored.log_left_out();
    tracing::info!(objects = restored.entries.len(), "Start restore");
    let file_bytes = std::fs::metadata(dump).map(|data| data.len()).unwrap_or_default();
    let tables = restore_progress::tables(&restored.entries, file_bytes);
    let jobs = usize::from(copy.restore_jobs.max(1));
    let validate = copy.foreign_keys == ForeignKeys::Validated;
    let choices = Choices { copies_rows: false, validate, jobs, may_split: false };
    let large_objects = LargeObjects::default();
    let entries = restored.entries.clone();
    let mut plan = divide_among_workers(entries, &tables, &large_objects, choices);
    let mut progress = RestoreProgress::new(context, &plan, &tables);
    let shared = Shared {
        copy: copy.clone(),
        rules: Rules::default(),
        tables,
        large_objects,
        data: std::mem::take(&mut plan.data),
        archive: dump.to_owned(),
        board: progress.board().clone(),
        context: context.child(),
    };
    let pool = WorkerPool::new(None, shared, context);
    let load = async |rows: Vec<Entry>| {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let follow = |event: &Event<'_>| progress.follow(event);
        let failures =
            pg_restore_run::run(copy, &rows, dump, copy.restore_jobs, context, follow).await;
        progress.rows_end();
        failures
    };
    let failures = pool.make(plan, None, jobs, &mut restored.failure_policy(), load).await?;
    if !failures.is_empty() {
        return Err(Error::Restore(failures));
    }
    let slowest = progress.end();
    tracing::info!("Restore done");
    let objects = restored.entries.len() as u64;
    tracing::info!(objects, bytes = file_bytes, "End restore Backup");
    let phase =
        PhaseSummary { objects, bytes: file_bytes, ..PhaseSummary::ended("restore", start) };
    Ok(Summary { phases: vec![phase], slowest })
}

/// What of an archive is restored.
pub(super) struct Plan {
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: Vec<(Entry, Reason)>,
    /// What our role cannot do, with the reason.
    pub(super) unable: Vec<(Entry, &'static str)>,
    /// Kept tables that the target does not have.
    missing: Vec<TableName>,
}

impl Plan {
    /// Decides about failures of these entries.
    pub(super) fn failure_policy(&self) -> FailurePolicy<'_> {
        let is_kept = |why: &Reason| matches!(why, Reason::Kept | Reason::RefersToKept);
        let kept = self.left_out.iter().filter(|(_, why)| is_kept(why));
        FailurePolicy::new(
            &self.entries,
            self.unable.iter().map(|(entry, _)| entry),
            kept.map(|(entry, _)| entry.id),
            self.missing.clone(),
        )
    }

    pub(super) fn log_left_out(&self) {
        for (entry, reason) in &self.left_out {
            if *reason == Reason::RefersToKept && entry.kind == "FK CONSTRAINT" {
                tracing::warn!(
                    object = %entry,
                    "{entry} is left out: it refers to a table that BACKUP_MODE keeps, whose rows may be older"
                );
                continue;
            }
            let reason = match reason {
                Reason::RefersToKept => "what it belongs to is left out",
                Reason::Kept => "it belongs to a kept table",
                Reason::ForeignKey => "foreign keys are off",
                Reason::Present => "it is there",
            };
            tracing::debug!("{entry} is left out: {reason}");
        }
        for (entry, reason) in &self.unable {
            tracing::warn!(object = %entry, "{entry} is left out: {reason}");
        }
    }
}

pub(super) async fn plan(
    copy: &FullCopy,
    archive: &Archive,
    context: &Context,
) -> Result<Plan, Error> {
    let connection = Connection::open_for(context, &copy.target, "pg-replicate").await?;
    connection
        .run(context, async {
            let kept = catalog::kept_tables(&connection, &copy.mode).await?;
            let survivors = object_catalog::closure(&connection, &catalog::oids(&kept)).await?;
            let mut names: HashSet<TableName> = copy.mode.kept().cloned().collect();
            names.extend(kept.iter().map(|table| table.name.clone()));
            let filter = Filter {
                kept: names,
                foreign_keys: copy.foreign_keys != ForeignKeys::Without,
                present: object_catalog::present(&connection, &survivors).await?,
            };
            let Selection { restored, left_out } = filter.apply(archive);
            let (entries, unable) = divide(&connection, restored).await?;
            let missing =
                copy.mode.kept().filter(|table| !kept.iter().any(|its| its.name == **table));
            Ok(Plan { entries, left_out, unable, missing: missing.cloned().collect() })
        })
        .await
}

const NOT_OFFERED: &str =
    "the server does not offer it, or only to superusers; what needs it will fail by itself";

/// Why an extension cannot be created by our role, if it cannot.
pub(crate) async fn cannot_create(
    connection: &Connection,
    extension: &str,
) -> Result<Option<&'static str>, Error> {
    let unable = object_catalog::restore_rights(connection, &[extension.to_owned()]).await?;
    let object = format!("EXTENSION {extension}");
    Ok(unable.contains(&("create".into(), object)).then_some(NOT_OFFERED))
}

/// Takes out what an ordinary role cannot do to what the platform made.
async fn divide(
    connection: &Connection,
    entries: Vec<Entry>,
) -> Result<(Vec<Entry>, Vec<(Entry, &'static str)>), Error> {
    let extensions: Vec<String> = entries
        .iter()
        .filter(|entry| entry.kind == "EXTENSION")
        .map(|entry| entry.tag.clone())
        .collect();
    let unable = object_catalog::restore_rights(connection, &extensions).await?;
    let cannot = |what: &str, object: &str| unable.contains(&(what.into(), object.into()));
    let mut able = Vec::new();
    let mut left_out = Vec::new();
    for entry in entries {
        let tag = entry.tag.replace('"', "");
        let reason = match entry.kind.as_str() {
            "EXTENSION" if cannot("create", &format!("EXTENSION {}", entry.tag)) => {
                Some(NOT_OFFERED)
            }
            "COMMENT" if cannot("create", &tag) => Some("what it belongs to is not there"),
            "COMMENT" if cannot("comment", &tag) => {
                Some("only the owner may comment on an object that the platform made")
            }
            _ => None,
        };
        match reason {
            Some(reason) => left_out.push((entry, reason)),
            None => able.push(entry),
        }
    }
    Ok((able, left_out))
}
