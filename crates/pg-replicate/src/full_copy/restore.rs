//! Restore of the selected entries of an archive.

use std::path::Path;
use std::time::Instant;

use super::live::large_objects::LargeObjects;
use super::live::plan::{Choices, plan as divide_among_workers};
use super::restore_log::Event;
use super::restore_progress::RestoreProgress;
use crate::Error;
use crate::archive::{Entry, read_archive};
use crate::full_copy::live::worker_pool::{CopyRun, WorkerPool};
use crate::full_copy::settings::{ForeignKeys, FullCopy};
use crate::full_copy::{pg_restore_run, restore_plan, restore_progress};
use crate::masking::Rules;
use progress::{Context, PhaseSummary, Summary};

pub(super) async fn run(copy: &FullCopy, dump: &Path, context: &Context) -> Result<Summary, Error> {
    let start = Instant::now();
    tracing::info!("Start restore Backup");
    context.check()?;
    let archive = read_archive(dump).await?;
    let restored = restore_plan::plan(copy, &archive, context).await?;
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
    let run = CopyRun {
        copy: copy.clone(),
        rules: Rules::default(),
        tables,
        large_objects,
        data: std::mem::take(&mut plan.data),
        archive: dump.to_owned(),
        board: progress.board().clone(),
        context: context.child(),
    };
    let pool = WorkerPool::new(None, run, context);
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
    Ok(Summary { phases: vec![phase], slowest, ..Summary::default() })
}
