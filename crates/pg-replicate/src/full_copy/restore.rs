//! pg_restore of what is wanted of an archive.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use super::backup::read_archive;
use super::ignorable::Judge;
use super::restore_log::Event;
use super::restore_progress::RestoreProgress;
use super::{ForeignKeys, FullCopy, catalog, foreign_keys, pass};
use crate::archive::{Archive, Entry, Filter, Reason, Selection};
use crate::connection::Connection;
use crate::summary::PhaseSummary;
use crate::{Context, Error, Summary, TableName};

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start restore Backup");
    context.check()?;
    let archive = read_archive(dump).await?;
    let plan = plan(copy, &archive, context).await?;
    plan.log_left_out();
    tracing::info!(objects = plan.entries.len(), "Start restore");
    let file_bytes = std::fs::metadata(dump).map(|data| data.len()).unwrap_or_default();
    let mut progress = RestoreProgress::new(context, &plan.entries, file_bytes);
    let mut judge = plan.judge();
    let (entries, keys) = foreign_keys::set_apart(copy, &plan.entries);
    let follow = |event: &Event<'_>| progress.follow(event);
    let workers = copy.restore_jobs;
    let mut failures =
        pass::by_workers(copy, &entries, dump, workers, context, &mut judge, follow).await?;
    failures.extend(foreign_keys::add(copy, &keys, &mut judge, context).await?);
    if !failures.is_empty() {
        return Err(Error::Restore(failures));
    }
    let slowest = progress.end();
    tracing::info!("Restore done");
    let objects = plan.entries.len() as u64;
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
    unable: Vec<(Entry, &'static str)>,
    /// Kept tables that the target does not have.
    missing: Vec<TableName>,
}

impl Plan {
    /// Decides about failures of these entries.
    pub(super) fn judge(&self) -> Judge<'_> {
        let kept = self.left_out.iter().filter(|(_, why)| *why == Reason::Kept);
        let left_out: Vec<i32> = self
            .unable
            .iter()
            .map(|(entry, _)| entry.id)
            .chain(kept.map(|(entry, _)| entry.id))
            .collect();
        Judge::new(&self.entries, self.missing.clone(), &left_out)
    }

    pub(super) fn log_left_out(&self) {
        for (entry, reason) in &self.left_out {
            let reason = match reason {
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
            let survivors = catalog::closure(&connection, &catalog::oids(&kept)).await?;
            let mut names: HashSet<TableName> = copy.mode.kept().cloned().collect();
            names.extend(kept.iter().map(|table| table.name.clone()));
            let filter = Filter {
                kept: names,
                foreign_keys: copy.foreign_keys != ForeignKeys::Without,
                present: catalog::present(&connection, &survivors).await?,
            };
            let Selection { restored, left_out } = filter.apply(archive);
            let (entries, unable) = divide(&connection, restored).await?;
            let missing =
                copy.mode.kept().filter(|table| !kept.iter().any(|its| its.name == **table));
            Ok(Plan { entries, left_out, unable, missing: missing.cloned().collect() })
        })
        .await
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
    let unable = catalog::restore_rights(connection, &extensions).await?;
    let cannot = |what: &str, object: &str| unable.contains(&(what.into(), object.into()));
    let mut able = Vec::new();
    let mut left_out = Vec::new();
    for entry in entries {
        let tag = entry.tag.replace('"', "");
        let reason = match entry.kind.as_str() {
            "EXTENSION" if cannot("create", &format!("EXTENSION {}", entry.tag)) => Some(
                "the server does not offer it, or only to superusers; what needs it will fail by itself",
            ),
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
