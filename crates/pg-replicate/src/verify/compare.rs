//! Comparison of both sides of every table, several tables in parallel.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use futures_util::future::try_join;

use crate::fingerprint::{self, Table};
use crate::masking::Rules;
use crate::postgres::catalog;
use crate::postgres::connection::{Connection, run_both};
use crate::postgres::exported_snapshot::{self, Looks};
use crate::postgres::pool::Pool;
use crate::postgres::source_locks::{Watch, named};
use crate::postgres::unlogged;
use crate::renaming::Renaming;
use crate::verify::partitions;
use crate::verify::promise;
use crate::verify::promise::{Promise, Scope};
use crate::verify::report::{Content, Outcome, TableReport, VerifyReport};
use crate::{BackupMode, DatabaseUrl, Error, Side, TableName, Verify};
use progress::{Context, ProgressTracker, Weight};

const APPLICATION: &str = "pg-replicate verification";

/// What is compared with what.
pub(crate) struct Comparison<'a> {
    pub(crate) source: &'a DatabaseUrl,
    pub(crate) target: &'a DatabaseUrl,
    pub(crate) mode: &'a BackupMode,
    pub(crate) scope: Scope,
    pub(crate) verify: Verify,
    pub(crate) jobs: u16,
    pub(crate) snapshot: Option<&'a str>,
    /// Where the target's tables are built, if not where they are on the source.
    pub(crate) renaming: Option<&'a Renaming>,
}

/// A table on both sides.
struct Pair {
    source: Table,
    target: Option<Table>,
    missing_columns: Vec<String>,
    promise: Promise,
}

/// The connections and the snapshot that all tasks use.
struct Sides {
    source: Pool,
    target: Pool,
    snapshot: String,
    verify: Verify,
}

impl Comparison<'_> {
    /// Compares, as one phase with this range of the step's percentage.
    pub(super) async fn run(
        &self,
        share: (f64, f64),
        context: &Context,
    ) -> Result<VerifyReport, Error> {
        // They stay open, because the source's transaction holds the snapshot.
        let source = Connection::open_for(context, self.source, APPLICATION).await?;
        let target = Connection::open_for(context, self.target, APPLICATION).await?;
        let mut looks = Looks::default();
        let (pairs, unlogged, snapshot) = loop {
            let plan = self.plan(&source, &target);
            let planned = run_both(&source, &target, context, plan).await;
            if let Some(planned) = named(&source, planned).await? {
                break planned;
            }
            looks.again()?;
            exported_snapshot::end(&source).await?;
        };
        let jobs = usize::from(self.jobs).clamp(1, pairs.len().max(1));
        let sides = Sides {
            source: Pool::new(self.source, APPLICATION, jobs)?,
            target: Pool::new(self.target, APPLICATION, jobs)?,
            snapshot,
            verify: self.verify,
        };
        if self.scope == Scope::All {
            // After a copy, too few connections are still an error, but something has been changed.
            sides.source.fill(Side::Source, 1, context).await?;
            sides.target.fill(Side::Target, 1, context).await?;
        }
        let cost = pairs.iter().map(|pair| pair.source.bytes).sum();
        let board = context.tracker("verification", share, Weight::cost(cost));
        let context = context.child();
        let work = pairs.iter().map(|pair| sides.compare(pair, &board, &context)).collect();
        let all = fingerprint::each(work, jobs, &context.cancel);
        let mut tables = if self.snapshot.is_some() {
            // Whoever exported it watches the locks.
            all.await?
        } else {
            Watch::new(&source, &context.sessions).during(all, Some(&context.cancel)).await?
        };
        let roots = pairs.iter().map(|pair| (pair.source.name.to_string(), &pair.source.root));
        partitions::compare_together(&mut tables, &roots.collect());
        tables.extend(unlogged.iter().map(not_compared));
        tables.sort_by(|left, right| left.table.cmp(&right.table));
        Ok(VerifyReport { tables, summary: board.finish() })
    }

    /// What to compare, and the snapshot of the source; `None` if a table was dropped, emptied or rewritten
    /// before it was locked.
    async fn plan(
        &self,
        source: &Connection,
        target: &Connection,
    ) -> Result<Option<(Vec<Pair>, Vec<TableName>, String)>, Error> {
        fingerprint::begin(source, self.snapshot).await?;
        let snapshot = match self.snapshot {
            Some(snapshot) => snapshot.to_owned(),
            None => exported_snapshot::export(source).await?,
        };
        let kept = catalog::kept_tables(source, self.mode).await?;
        let without = if self.scope == Scope::Copied { catalog::oids(&kept) } else { Vec::new() };
        let kept: HashSet<TableName> = kept.into_iter().map(|table| table.name).collect();
        let on_source = fingerprint::tables(source, &without).await?;
        let on_target = fingerprint::tables(target, &[]).await?;
        let mut on_target: HashMap<TableName, Table> =
            on_target.into_iter().map(|table| (table.name.clone(), table)).collect();
        let rules = Rules::read(source, self.mode).await?;
        let rules = rules.map_err(|wrong| Error::Configuration(wrong.join("; ")))?;
        let pairs = on_source.into_iter().filter_map(|source| {
            let is_kept = kept.contains(&source.name);
            let updated = promise::rule(self.mode, &source).filter(|_| is_kept);
            let (rule, promise) = match (updated, self.scope) {
                (Some(rule), _) => {
                    (Some(rule.copy.clone()).filter(|rule| !rule.is_empty()), Promise::of(rule))
                }
                (None, Scope::Updated) => return None,
                (None, _) if is_kept => return None,
                (None, _) => (rules.get(&source.name).cloned(), Promise::Same),
            };
            let mut missing_columns = Vec::new();
            let name = self.renaming.map(|renaming| renaming.table(&source.name));
            let target = on_target.remove(name.as_ref().unwrap_or(&source.name)).map(|target| {
                missing_columns = target.lacks(&source);
                target.with_columns_of(&source)
            });
            Some(Pair { source: source.copied_by(rule), target, missing_columns, promise })
        });
        let pairs: Vec<Pair> = pairs.collect();
        // Whoever exported the snapshot has locked its tables.
        if self.snapshot.is_none() {
            let names = || pairs.iter().map(|pair| &pair.source.name);
            let is_read = |table: &TableName| names().any(|name| name == table);
            if exported_snapshot::lock(source, names(), is_read).await?.is_some() {
                return Ok(None);
            }
        }
        let mut unlogged = unlogged::tables(source, &without).await?;
        unlogged.retain(|table| self.scope != Scope::Updated && !kept.contains(table));
        Ok(Some((pairs, unlogged, snapshot)))
    }
}

/// A table whose rows a standby does not have.
fn not_compared(table: &TableName) -> TableReport {
    TableReport {
        table: table.to_string(),
        outcome: Outcome::Unlogged,
        missing_columns: Vec::new(),
        source: Content { rows: 0, hash: None },
        target: None,
        milliseconds: 0,
    }
}

impl Sides {
    async fn compare(
        &self,
        pair: &Pair,
        board: &ProgressTracker,
        context: &Context,
    ) -> Result<TableReport, Error> {
        let source = self.source.get(context).await?;
        let target = self.target.get(context).await?;
        let start = Instant::now();
        let name = format!("{}.{}", pair.source.name.schema, pair.source.name.name);
        let object = board.start("TABLE CHECK", &name, Weight::cost(pair.source.bytes));
        let readable = pair.target.as_ref().filter(|table| !table.is_row_secured);
        let reads = try_join(
            self.read(&source, Some(&self.snapshot), Some(&pair.source)),
            self.read(&target, None, readable),
        );
        let (on_source, on_target) = run_both(&source, &target, context, reads).await?;
        object.end(on_source.map_or(0, |content| content.rows));
        let outcome = match (on_source, on_target) {
            (_, None) if pair.target.is_some() => Outcome::HiddenRows,
            (_, None) => Outcome::MissingTable,
            _ if !pair.missing_columns.is_empty() => Outcome::MissingColumns,
            (source, target) if source == target => Outcome::Equal,
            (Some(source), Some(target)) if pair.promise.allows(source.rows, target.rows) => {
                Outcome::MayDiffer
            }
            _ => Outcome::Different,
        };
        Ok(TableReport {
            table: pair.source.name.to_string(),
            outcome,
            missing_columns: pair.missing_columns.clone(),
            source: on_source.unwrap_or(Content { rows: 0, hash: None }),
            target: on_target,
            milliseconds: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The content of a table, if it exists.
    async fn read(
        &self,
        connection: &Connection,
        snapshot: Option<&str>,
        table: Option<&Table>,
    ) -> Result<Option<Content>, Error> {
        let Some(table) = table else { return Ok(None) };
        fingerprint::begin(connection, snapshot).await?;
        let content = if self.verify == Verify::Counts {
            Content { rows: fingerprint::rows(connection, table).await?, hash: None }
        } else {
            let found = fingerprint::of(connection, table).await?;
            Content { rows: found.rows, hash: Some(found.hash) }
        };
        exported_snapshot::end(connection).await?;
        Ok(Some(content))
    }
}
