//! A whole database copied straight from the source, without a file of its rows.
//!
//! One exported snapshot shows schema and rows. pg_dump writes the schema; what rows need is made first, and what has no
//! part in the speed comes last; between them rows, indexes and constraints are items of a graph (`plan`), which
//! workers take in the order of the longest way (`scheduler`).

pub(super) mod cost;
mod item;
pub(super) mod large_objects;
mod lock;
pub(super) mod plan;
mod rows;
pub(super) mod scheduler;
mod schema;
mod split;
pub(super) mod tables;
mod worker_connections;
pub(super) mod worker_pool;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use crate::full_copy::live::worker_pool::Workers;
use large_objects::LargeObjects;
use plan::{Choices, ItemWork};
use schema::SchemaArchive;
use tables::Table;

use super::restore_plan::{self, RestorePlan};
use super::settings::{ForeignKeys, FullCopy, Publish};
use super::staging::publication::Fresh;
use super::staging::{self, Staging};
use super::{backup, drop, extension_rows, publish, refused};
use crate::archive::tables_of;
use crate::enrichment;
use crate::freshness::{self, Run, RunStart};
use crate::masking::{self, Rules};
use crate::phase_shares;
use crate::postgres::catalog;
use crate::postgres::connection::Connection;
use crate::postgres::connection_rehearsal::rehearse;
use crate::postgres::exported_snapshot::{ExportedSnapshot, Looks};
use crate::postgres::{source_locks, unlogged};
use crate::verify::{self, Comparison, Scope, Verify};
use crate::{Error, Side, TableName};
use progress::{Context, PhaseSummary, Summary, Weight};

/// From this version on, a range of ctids can be read without reading the whole table.
const SPLITS_FROM: u32 = 14;

/// Settings of a live copy.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Number of workers, at least 1; each uses one connection per side.
    pub jobs: u16,
    /// Directory of the schema's archive.
    pub directory: PathBuf,
    /// How the copy is compared with the source, in the same snapshot.
    pub verify: Verify,
    /// With [`Publish::Swap`], the script of the enrichment that is part of the copy, unless it runs after
    /// the publication.
    pub enrichment: Option<String>,
    /// What the freshness tables say of the run, if they are written in the transaction of the publication.
    pub run: Option<RunStart>,
}

/// What is known about the source before anything is changed.
struct Source {
    snapshot: ExportedSnapshot,
    tables: Vec<Table>,
    large_objects: LargeObjects,
    /// The rules for rows and columns of tables.
    rules: Rules,
    schema: SchemaArchive,
    may_split: bool,
}

pub(super) async fn run(
    copy: &FullCopy,
    options: &LiveOptions,
    context: &Context,
) -> Result<Summary, Error> {
    let result = run_to_the_end(copy, options, context).await;
    if copy.publish == Publish::Swap && result.is_err() {
        tracing::warn!(
            "Nothing was published: readers still have the last copy{}",
            moment_of_the_last(copy).await
        );
    }
    result
}

/// The moment of the source that the last copy shows, as far as the freshness tables know it.
async fn moment_of_the_last(copy: &FullCopy) -> String {
    let Some(schema) = &copy.freshness_schema else { return String::new() };
    let moment = async {
        let target = Connection::open(&copy.target, "pg-replicate freshness").await.ok()?;
        freshness::last_moment(&*target, schema).await.ok().flatten()
    };
    moment.await.map_or_else(String::new, |moment| format!(", of the source at {moment}"))
}

async fn run_to_the_end(
    copy: &FullCopy,
    options: &LiveOptions,
    context: &Context,
) -> Result<Summary, Error> {
    context.check()?;
    let start = Instant::now();
    tracing::info!("Start create Backup");
    let source = read_source(copy, options, context).await?;
    refused::refuse_foreign_bytes(copy, &source.schema.archive).await?;
    tracing::info!(tables = source.tables.len(), "End create Backup");
    let objects = source.schema.archive.entries.len() as u64;
    let mut summary: Summary =
        PhaseSummary { objects, ..PhaseSummary::ended("schema", start) }.into();
    summary.facts.snapshot_at = Some(source.snapshot.time());
    context.phase("schema", phase_shares::LIVE_SCHEMA).report(1.0, None, 0, 0);
    let outer = context;
    let context = &context.child();
    let build = async {
        // Whatever cannot be obtained must be known before anything is dropped.
        drop::end_interrupted(copy).await?;
        let jobs = usize::from(options.jobs.max(1));
        rehearse(&copy.target, Side::Target, jobs + 2, context).await?;
        let workers = Workers::open(Some(&source.snapshot), &copy.target, jobs, context).await?;
        if copy.publish == Publish::InPlace {
            summary.extend(drop::run(copy, phase_shares::LIVE_DROP, context).await?);
        }
        let restored = restore_plan::plan(copy, &source.schema.archive, context).await?;
        restored.log_left_out();
        let staging = match copy.publish {
            Publish::InPlace => None,
            Publish::Swap => Some(stage(copy, &source, &restored, context).await?),
        };
        let written =
            write_target(copy, options, &source, &restored, staging.as_ref(), workers, context);
        summary.extend(written.await?);
        let sides = Comparison {
            source: &copy.source,
            target: &copy.target,
            mode: &copy.mode,
            scope: Scope::Copied,
            verify: options.verify,
            jobs: options.jobs,
            snapshot: Some(source.snapshot.id()),
            renaming: staging.as_ref().map(|staging| &staging.renaming),
        };
        summary.extend(verify::run_copied(sides, context).await?);
        Ok::<_, Error>((restored, staging))
    };
    let (restored, staging) = source.snapshot.watch().during(build, Some(&context.cancel)).await?;
    let Some(staging) = staging else { return Ok(summary) };
    // The source is not needed any more.
    std::mem::drop(source.snapshot);
    if let Some(script) = &options.enrichment {
        let staged = Some(&staging.renaming);
        let enriched =
            enrichment::run_in(&copy.target, script, &copy.mode, options.jobs, staged, outer);
        summary.extend(enriched.await?);
    }
    let facts = summary.facts.clone();
    let fresh = copy.freshness_schema.as_deref().zip(options.run.clone());
    let fresh = fresh.map(|(schema, start)| Fresh {
        schema,
        run: Run::of(start, &facts, None),
        facts: &facts,
    });
    summary.extend(publish::run(copy, &staging, &restored, fresh, outer).await?);
    Ok(summary)
}

/// Prepares the schemas in which the copy is built.
async fn stage(
    copy: &FullCopy,
    source: &Source,
    restored: &RestorePlan,
    context: &Context,
) -> Result<Staging, Error> {
    // What the log says at this point of every copy; what is dropped are the remains of an interrupted one.
    tracing::info!("Start drop Objects AndRestoreBackup");
    let target = Connection::open_for(context, &copy.target, "pg-replicate staging").await?;
    let bytes: u64 = source.tables.iter().map(Table::bytes).sum();
    tracing::info!(
        bytes,
        "The copy is built beside the live one, and needs at least {bytes} bytes more of disk"
    );
    let begin = async {
        let mut staging = Staging::begin(copy, restored, &source.large_objects, &target).await?;
        if let Err(error) = may_be_published(copy, source, &staging, &target, context).await {
            staging::leftovers::remove(&target).await?;
            return Err(error);
        }
        staging.large_objects = source.large_objects.staged(&target).await?;
        tracing::info!("End drop Objects AndRestoreBackup");
        Ok(staging)
    };
    target.run(context, begin).await
}

async fn may_be_published(
    copy: &FullCopy,
    source: &Source,
    staging: &Staging,
    target: &Connection,
    context: &Context,
) -> Result<(), Error> {
    for entry in staging.extension_rows() {
        if extension_rows::has_rows(copy, entry, source.schema.path(), context).await? {
            return Err(staging::refused(&format!(
                "the source has added rows to a table of an extension, which exists only once: {entry}"
            )));
        }
    }
    publish::check(copy, staging, target).await
}

async fn read_source(
    copy: &FullCopy,
    options: &LiveOptions,
    context: &Context,
) -> Result<Source, Error> {
    let mut looks = Looks::default();
    let (snapshot, looked) = loop {
        let snapshot = ExportedSnapshot::export(&copy.source, context).await?;
        let looked = snapshot.connection().run(context, look(copy, &snapshot)).await;
        if let Some(looked) = source_locks::named(snapshot.connection(), looked).await? {
            break (snapshot, looked);
        }
        looks.again()?;
    };
    let Looked { excluded, tables, large_objects, rules, may_split } = looked;
    let directory = &options.directory;
    let dump = SchemaArchive::dump(copy, &snapshot, &tables, &excluded, directory, context);
    let schema = snapshot.watch().during(dump, None).await?;
    Ok(Source { snapshot, tables, large_objects, rules, schema, may_split })
}

/// What is read before the schema is dumped.
struct Looked {
    excluded: Vec<String>,
    tables: Vec<Table>,
    large_objects: LargeObjects,
    rules: Rules,
    may_split: bool,
}

/// Locks every table; `None` if one was dropped, emptied or rewritten before that.
async fn look(copy: &FullCopy, snapshot: &ExportedSnapshot) -> Result<Option<Looked>, Error> {
    let connection = snapshot.connection();
    let server = catalog::server(connection).await?;
    let kept = catalog::kept_tables(connection, &copy.mode).await?;
    let excluded = backup::excluded(copy, connection, &kept).await?;
    let large_objects = LargeObjects::list(connection).await?;
    let oids = catalog::oids(&kept);
    unlogged::warn(connection, &oids).await?;
    let names = tables::tables(connection, &oids).await?;
    if !snapshot.lock(names.iter().map(|table| &table.name)).await? {
        return Ok(None);
    }
    // Read again, because tables measured before the lock may have changed.
    let tables = tables::tables(connection, &oids).await?;
    let rules = rules(copy, connection).await?;
    if copy.publish == Publish::Swap {
        staging::refuse_names(connection, &copy.mode).await?;
    }
    let may_split = server.major >= SPLITS_FROM;
    Ok(Some(Looked { excluded, tables, large_objects, rules, may_split }))
}

/// The rules of `BACKUP_MODE`, checked again with the columns in the snapshot: one may have been added
/// after the preflight.
async fn rules(copy: &FullCopy, source: &Connection) -> Result<Rules, Error> {
    let mut wrong = Vec::new();
    let rules = match Rules::read(source, &copy.mode).await? {
        Ok(rules) => rules,
        Err(reasons) => {
            wrong = reasons;
            Rules::default()
        }
    };
    wrong.extend(masking::refused(source, &rules, copy.mode.masking()).await?);
    if wrong.is_empty() { Ok(rules) } else { Err(Error::Configuration(wrong.join("; "))) }
}

async fn write_target(
    copy: &FullCopy,
    options: &LiveOptions,
    source: &Source,
    restored: &RestorePlan,
    staging: Option<&Staging>,
    workers: Workers,
    context: &Context,
) -> Result<Summary, Error> {
    tracing::info!("Start restore Backup");
    tracing::info!(objects = restored.entries.len(), "Start restore");
    let mut tables = wanted(&source.tables, restored)?;
    if let Some(staging) = staging {
        tables = tables.into_iter().map(|table| table.renamed(&staging.renaming)).collect();
    }
    let choices = Choices {
        copies_rows: true,
        validate: copy.foreign_keys == ForeignKeys::Validated,
        jobs: usize::from(options.jobs.max(1)),
        may_split: source.may_split,
    };
    let (entries, large_objects) = match staging {
        Some(staging) => (&staging.entries, &staging.large_objects),
        None => (&restored.entries, &source.large_objects),
    };
    let mut plan = plan::plan(entries.clone(), &tables, large_objects, choices);
    let board = context.tracker(
        "copy",
        phase_shares::LIVE_COPY,
        weight(&plan.items, &tables, large_objects),
    );
    let run = worker_pool::CopyRun {
        copy: copy.clone(),
        rules: source.rules.clone(),
        tables,
        large_objects: large_objects.clone(),
        data: plan.data.drain(..).chain(plan.rows.drain(..)).collect(),
        archive: source.schema.path().to_owned(),
        board: board.clone(),
        context: context.child(),
    };
    let pool = worker_pool::WorkerPool::new(Some(&source.snapshot), run, context);
    let none = async |_| Ok(Vec::new());
    let mut policy = restored.failure_policy();
    if let Some(staging) = staging {
        policy = policy.with_names_of(&staging.renaming);
    }
    let failures = pool.make(plan, Some(workers), choices.jobs, &mut policy, none).await?;
    if !failures.is_empty() {
        return Err(Error::Restore(failures));
    }
    tracing::info!("Restore done");
    let summary = board.finish();
    tracing::info!("End restore Backup");
    Ok(summary)
}

fn weight(
    items: &[scheduler::Item<ItemWork>],
    tables: &[Table],
    large_objects: &LargeObjects,
) -> Weight {
    Weight {
        cost: items.iter().map(|item| item.cost).sum(),
        bytes: tables.iter().map(Table::bytes).sum::<u64>() + large_objects.bytes,
    }
}

/// The tables whose rows are copied: those that are restored. A table unknown to pg_dump would otherwise be
/// missing silently.
fn wanted(tables: &[Table], restored: &RestorePlan) -> Result<Vec<Table>, Error> {
    let names = |entries: &mut dyn Iterator<Item = &crate::archive::Entry>| -> HashSet<TableName> {
        entries.filter(|entry| entry.kind == "TABLE").flat_map(tables_of).collect()
    };
    let made = names(&mut restored.entries.iter());
    let left_out = names(&mut restored.left_out.iter().map(|(entry, _)| entry));
    let unknown: Vec<String> = tables
        .iter()
        .filter(|table| !made.contains(&table.name) && !left_out.contains(&table.name))
        .map(|table| table.name.to_string())
        .collect();
    if !unknown.is_empty() {
        return Err(Error::Configuration(format!(
            "pg_dump's archive lacks tables that the source has: {}",
            unknown.join(", ")
        )));
    }
    Ok(tables.iter().filter(|table| made.contains(&table.name)).cloned().collect())
}
