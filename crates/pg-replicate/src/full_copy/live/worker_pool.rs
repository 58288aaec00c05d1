//! Worker pool: the workers that run the items of the graph.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument;

use crate::TableName;
use crate::archive::{Entry, tables_of};
use crate::full_copy::failure::Failure;
use crate::full_copy::failure_policy::FailurePolicy;
use crate::full_copy::live::item;
use crate::full_copy::live::item::ItemError;
use crate::full_copy::live::large_objects::LargeObjects;
use crate::full_copy::live::plan::{CopyPlan, ItemWork, StatementKind};
use crate::full_copy::live::rows::Rows;
use crate::full_copy::live::scheduler::{Graph, Item, ItemId};
use crate::full_copy::live::tables::Table;
use crate::full_copy::live::worker_connections::{TARGET_APPLICATION, WorkerConnections};
use crate::full_copy::settings::FullCopy;
use crate::full_copy::statements;
use crate::full_copy::statements::classified;
use crate::full_copy::{archive_data, extension_rows};
use crate::masking::Rules;
use crate::postgres::connection::Connection;
use crate::postgres::connection_rehearsal::too_few;
use crate::postgres::exported_snapshot::ExportedSnapshot;
use crate::postgres::target_settings::TargetSettings;
use crate::{DatabaseUrl, Error, ObjectFailure, Side};
use progress::{Context, ProgressTracker, Weight};

/// The connections of all workers; those of a live copy are opened before anything is dropped.
pub(crate) struct Workers {
    free: Vec<WorkerConnections>,
    settings: TargetSettings,
}

impl Workers {
    pub(super) async fn open(
        snapshot: Option<&ExportedSnapshot>,
        target: &DatabaseUrl,
        jobs: usize,
        context: &Context,
    ) -> Result<Self, Error> {
        let first = Connection::open_for(context, target, TARGET_APPLICATION).await?;
        let settings = first.run(context, TargetSettings::of(&first, jobs)).await?;
        drop(first);
        // The snapshot already has a connection.
        let (side, more) = snapshot.map_or((Side::Target, 0), |_| (Side::Source, 1));
        let mut free = Vec::new();
        for number in 1..=jobs {
            let connections = WorkerConnections::open(snapshot, target, &settings, context).await;
            free.push(
                connections.map_err(|error| too_few(error, side, number + more, jobs + more))?,
            );
        }
        Ok(Self { free, settings })
    }
}

/// State shared by all workers.
pub(crate) struct WorkerPool<'a> {
    /// The source of rows; `None` if pg_restore restores them.
    snapshot: Option<&'a ExportedSnapshot>,
    outer: &'a Context,
    copy_run: Arc<CopyRun>,
}

/// The copy and its settings.
pub(crate) struct CopyRun {
    pub(crate) copy: FullCopy,
    pub(crate) tables: Vec<Table>,
    pub(crate) large_objects: LargeObjects,
    /// The rules for rows and columns of tables.
    pub(crate) rules: Rules,
    /// The entries with data that are restored from the archive while the workers run.
    pub(crate) data: Vec<Entry>,
    pub(crate) archive: PathBuf,
    pub(crate) board: ProgressTracker,
    /// Cancelled if an item fails in a way that makes all others pointless.
    pub(crate) context: Context,
}

/// An item that has ended, with its worker's connections if they are still usable.
struct Ended {
    id: ItemId,
    connections: Option<WorkerConnections>,
    result: Result<Vec<Failure>, ItemError>,
}

impl<'a> WorkerPool<'a> {
    pub(crate) fn new(
        snapshot: Option<&'a ExportedSnapshot>,
        copy_run: CopyRun,
        outer: &'a Context,
    ) -> Self {
        Self { snapshot, outer, copy_run: Arc::new(copy_run) }
    }

    /// Like the other constructor, without readers of the source.
    fn without_source(&self) -> Self {
        Self { snapshot: None, outer: self.outer, copy_run: Arc::clone(&self.copy_run) }
    }

    /// Creates everything in `plan`, in order, with `workers` or at most `jobs` new ones; `load` has
    /// pg_restore restore the rows in the archive, except those of tables that could not be created.
    /// Returns what could not be created: it is left out with everything that needs it, and everything else
    /// is done.
    pub(crate) async fn make(
        &self,
        plan: CopyPlan,
        workers: Option<Workers>,
        jobs: usize,
        policy: &mut FailurePolicy<'_>,
        load: impl AsyncFnOnce(Vec<Entry>) -> Result<Vec<Failure>, Error>,
    ) -> Result<Vec<ObjectFailure>, Error> {
        let run = &self.copy_run;
        let in_order = async |entries: &[Entry]| {
            let (copy, dump, none) = (&run.copy, &run.archive, Weight::default());
            statements::in_order(copy, entries, dump, &run.board, none, &run.context).await
        };
        let mut failures = classified(policy, &in_order(&plan.before).await?);
        let replaced = extension_rows::restore(
            &run.copy,
            &plan.extension_rows,
            &run.archive,
            &run.board,
            &run.context,
        );
        failures.extend(classified(policy, &replaced.await?));
        let lost = policy.lost_tables();
        let is_lost = |entry: &Entry| {
            entry.kind == "TABLE DATA" && tables_of(entry).iter().any(|table| lost.contains(table))
        };
        let (ruled_out, rows): (Vec<_>, Vec<_>) = plan.rows.into_iter().partition(is_lost);
        ruled_out.iter().for_each(|entry| left_out(entry.to_string(), &mut failures));
        failures.extend(classified(policy, &load(rows).await?));
        failures.extend(self.run(plan.items, workers, jobs, policy, &lost).await?);
        failures.extend(classified(policy, &in_order(&plan.after).await?));
        let others = self.without_source();
        failures.extend(others.run(plan.refreshed, None, jobs, policy, &lost).await?);
        failures.extend(classified(policy, &in_order(&plan.last).await?));
        Ok(failures)
    }

    /// Runs all items except the rows of `lost` tables, and returns what could not be created.
    async fn run(
        &self,
        items: Vec<Item<ItemWork>>,
        workers: Option<Workers>,
        jobs: usize,
        policy: &mut FailurePolicy<'_>,
        lost: &HashSet<TableName>,
    ) -> Result<Vec<ObjectFailure>, Error> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let Workers { mut free, settings } = match workers {
            Some(workers) => workers,
            None => {
                let target = &self.copy_run.copy.target;
                Workers::open(self.snapshot, target, jobs.min(items.len()), self.outer).await?
            }
        };
        let jobs = free.len();
        let mut graph = Graph::new(items);
        let mut running: JoinSet<Ended> = JoinSet::new();
        let mut failures = Vec::new();
        self.rule_out(&mut graph, lost, &mut failures);
        let mut fatal: Option<Error> = None;
        loop {
            while fatal.is_none()
                && let Some(connections) = free.pop()
            {
                let Some(id) = graph.start_next() else {
                    free.push(connections);
                    break;
                };
                let idle = free.len().saturating_sub(graph.ready());
                let run = Arc::clone(&self.copy_run);
                let item = graph.item(id).clone();
                // Its log lines belong to the run.
                let work = async move { run.work(id, item, connections, idle).await };
                running.spawn(work.in_current_span());
            }
            let Some(ended) = running.join_next().await else { break };
            let Ended { id, connections, result } = match ended {
                Ok(ended) => ended,
                Err(error) => {
                    self.copy_run.context.cancel.cancel();
                    fatal.get_or_insert(Error::Configuration(format!("a worker died: {error}")));
                    continue;
                }
            };
            free.extend(connections);
            match result {
                Ok(some) => {
                    failures.extend(classified(policy, &some));
                    graph.done(id);
                }
                Err(ItemError::Entries(some)) => {
                    failures.extend(classified(policy, &some));
                    self.skip(&graph.failed(id), &graph, &mut failures);
                }
                Err(ItemError::Rows(failure)) => {
                    tracing::error!(object = failure.object, "{failure}");
                    failures.push(failure);
                    self.skip(&graph.failed(id), &graph, &mut failures);
                }
                Err(ItemError::Fatal(error)) => {
                    self.copy_run.context.cancel.cancel();
                    // The others only report that they were cancelled.
                    fatal.get_or_insert(error);
                }
            }
            // Replaces a worker's connections if they are no longer usable.
            while fatal.is_none() && free.len() + running.len() < jobs {
                match self.connections(&settings).await {
                    Ok(connections) => free.push(connections),
                    Err(error) => {
                        self.copy_run.context.cancel.cancel();
                        fatal = Some(error);
                    }
                }
            }
        }
        match fatal {
            Some(error) => Err(error),
            // Whatever the reason: nothing may be missing silently.
            None if !graph.is_ended() => Err(Error::Configuration(
                "the copy ended before all of its items were done: this is a fault of the program"
                    .into(),
            )),
            None => Ok(failures),
        }
    }

    async fn connections(&self, settings: &TargetSettings) -> Result<WorkerConnections, Error> {
        WorkerConnections::open(self.snapshot, &self.copy_run.copy.target, settings, self.outer)
            .await
    }

    /// Rows of a table that could not be created cannot be copied: a table with its name would be another
    /// one.
    fn rule_out(
        &self,
        graph: &mut Graph<ItemWork>,
        lost: &HashSet<TableName>,
        failures: &mut Vec<ObjectFailure>,
    ) {
        for id in graph.ids() {
            if let ItemWork::Rows { table, .. } = &graph.item(id).work
                && lost.contains(&self.copy_run.tables[*table].name)
            {
                let skipped = graph.rule_out(id);
                self.skip(&skipped, graph, failures);
            }
        }
    }

    /// Objects that need a failed item cannot be created either, and must be known.
    fn skip(&self, skipped: &[ItemId], graph: &Graph<ItemWork>, failures: &mut Vec<ObjectFailure>) {
        for id in skipped {
            for object in self.copy_run.objects(&graph.item(*id).work) {
                left_out(object, failures);
            }
        }
    }
}

/// Records a left-out object once: an index and its constraint are two items of one object.
fn left_out(object: String, failures: &mut Vec<ObjectFailure>) {
    if failures.iter().any(|failure| failure.object == object) {
        return;
    }
    let message = "left out, because an object it needs could not be created".to_owned();
    tracing::error!(object, "{object}: {message}");
    failures.push(ObjectFailure { object, message });
}

impl CopyRun {
    /// Runs one item.
    async fn work(
        &self,
        id: ItemId,
        item: Item<ItemWork>,
        mut connections: WorkerConnections,
        idle: usize,
    ) -> Ended {
        let result = self.do_item(&item, &mut connections, idle).await;
        // A failed COPY leaves an open transaction, or an unfinished protocol exchange.
        let is_usable = matches!(&result, Ok(_) | Err(ItemError::Entries(_)));
        Ended { id, connections: is_usable.then_some(connections), result }
    }

    async fn do_item(
        &self,
        item: &Item<ItemWork>,
        connections: &mut WorkerConnections,
        idle: usize,
    ) -> Result<Vec<Failure>, ItemError> {
        let (board, context) = (&self.board, &self.context);
        let weight = Weight::cost(item.cost);
        match &item.work {
            ItemWork::Rows { table, part } => {
                let table = &self.tables[*table];
                let rule = self.rules.get(&table.name);
                let rows = Rows { table, part: *part, rule };
                let parts = part.map_or(1, |part| u64::from(part.of.max(1)));
                let weight = Weight { cost: item.cost, bytes: table.bytes() / parts };
                item::rows(connections, &rows, weight, board, context).await?;
            }
            ItemWork::LargeObjects { objects, number, of } => {
                let bytes = self.large_objects.bytes / u64::from((*of).max(1));
                let weight = Weight { cost: item.cost, bytes };
                let object = board.start_part("BLOBS", "large objects", (*number, *of), weight);
                let all = &self.large_objects;
                item::large_objects(connections, all, objects.clone(), object, context).await?;
            }
            ItemWork::ArchiveData => {
                let (copy, data, path) = (&self.copy, &self.data, &self.archive);
                let restored = archive_data::restore(copy, data, path, board, weight, context);
                return restored.await.map_err(ItemError::Fatal);
            }
            ItemWork::Statements { entry, statements, kind } => {
                let prepared = match kind {
                    StatementKind::Index { sorted } => connections.prepare(idle, *sorted).await,
                    StatementKind::Query => connections.prepare_query().await,
                    StatementKind::Other => connections.prepare(0, None).await,
                };
                prepared.map_err(ItemError::Fatal)?;
                let object = board.start(&entry.kind, &entry.name(), weight);
                item::statements(connections, entry, statements, context).await?;
                object.end(0);
            }
            ItemWork::ForeignKeys { entries, alter, adds } => {
                let names: Vec<String> = entries.iter().map(Entry::name).collect();
                let object = board.start("FK CONSTRAINT", &names.join(", "), weight);
                item::foreign_keys(connections, entries, alter, adds, context).await?;
                object.end(0);
            }
            ItemWork::Analyze { table } => {
                item::analyze(connections, &self.tables[*table], weight, board, context).await?;
            }
        }
        Ok(Vec::new())
    }

    /// The objects that are missing if an item does not run; statistics are not an object.
    fn objects(&self, work: &ItemWork) -> Vec<String> {
        match work {
            ItemWork::Rows { table, .. } => {
                vec![format!("TABLE DATA {}", self.tables[*table].full_name())]
            }
            ItemWork::LargeObjects { .. } => vec!["BLOBS large objects".to_owned()],
            ItemWork::ArchiveData => self.data.iter().map(ToString::to_string).collect(),
            ItemWork::Statements { entry, .. } => vec![entry.to_string()],
            ItemWork::ForeignKeys { entries, .. } => {
                entries.iter().map(ToString::to_string).collect()
            }
            ItemWork::Analyze { .. } => Vec::new(),
        }
    }
}
