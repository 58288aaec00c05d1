//! The workers that do the items of the graph.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument;

use super::super::FullCopy;
use super::super::ignorable::Judge;
use super::super::pass::{Pass, verdict};
use super::super::restore_log::Failure;
use super::graph::{Graph, Item, ItemId};
use super::item::{self, EntryFailure, ItemError};
use super::large_objects::LargeObjects;
use super::plan::{Kind, Work};
use super::rows::Rows;
use super::slot::Slot;
use super::snapshot::Snapshot;
use super::tables::Table;
use crate::archive::Entry;
use crate::connection::Connection;
use crate::connections::too_few;
use crate::masking::Rules;
use crate::objects::{Board, Weight};
use crate::target_settings::TargetSettings;
use crate::{Context, DatabaseUrl, Error, ObjectFailure, Side};

/// The connections of all workers, opened before anything is dropped.
pub(super) struct Workers {
    slots: Vec<Slot>,
    settings: TargetSettings,
}

impl Workers {
    pub(super) async fn open(
        snapshot: &Snapshot,
        target: &DatabaseUrl,
        jobs: u16,
        context: &Context,
    ) -> Result<Self, Error> {
        let jobs = usize::from(jobs);
        let first = Connection::open_for(context, target, super::TARGET_APPLICATION).await?;
        let settings = first.run(context, TargetSettings::of(&first, jobs)).await?;
        drop(first);
        let mut slots = Vec::new();
        for number in 1..=jobs {
            let slot = Slot::open(snapshot, target, &settings, context).await;
            // The snapshot has one connection already.
            slots.push(slot.map_err(|error| too_few(error, Side::Source, number + 1, jobs + 1))?);
        }
        Ok(Self { slots, settings })
    }
}

/// What all workers share.
pub(super) struct Crew<'a> {
    snapshot: &'a Snapshot,
    outer: &'a Context,
    shared: Arc<Shared>,
}

/// What is copied, and with what.
pub(super) struct Shared {
    pub(super) copy: FullCopy,
    pub(super) tables: Vec<Table>,
    pub(super) large_objects: LargeObjects,
    /// What is read of a table instead of all of it.
    pub(super) rules: Rules,
    /// The entries with data that pg_restore restores.
    pub(super) data: Vec<Entry>,
    pub(super) archive: PathBuf,
    pub(super) board: Board,
    /// Cancelled when one item fails so that nothing else is worth its time.
    pub(super) context: Context,
}

/// An item that ended, with its worker's connections as long as they can be used.
struct Ended {
    id: ItemId,
    slot: Option<Slot>,
    result: Result<Option<Pass>, ItemError>,
}

impl<'a> Crew<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, shared: Shared, outer: &'a Context) -> Self {
        Self { snapshot, outer, shared: Arc::new(shared) }
    }

    /// Does all items with at most `jobs` workers, and answers what could not be made. What needs that
    /// is left out; all else is done.
    pub(super) async fn run(
        &self,
        items: Vec<Item<Work>>,
        workers: Workers,
        judge: &mut Judge<'_>,
    ) -> Result<Vec<ObjectFailure>, Error> {
        let Workers { slots: mut free, settings } = workers;
        let jobs = free.len();
        let mut graph = Graph::new(items);
        let mut running: JoinSet<Ended> = JoinSet::new();
        let mut failures = Vec::new();
        let mut fatal: Option<Error> = None;
        loop {
            while fatal.is_none()
                && let Some(slot) = free.pop()
            {
                let Some(id) = graph.start_next() else {
                    free.push(slot);
                    break;
                };
                let idle = free.len().saturating_sub(graph.ready());
                let shared = Arc::clone(&self.shared);
                let item = graph.item(id).clone();
                // Its lines in the log are the run's.
                let work = async move { shared.work(id, item, slot, idle).await };
                running.spawn(work.in_current_span());
            }
            let Some(ended) = running.join_next().await else { break };
            let Ended { id, slot, result } = match ended {
                Ok(ended) => ended,
                Err(error) => {
                    self.shared.context.cancel.cancel();
                    fatal.get_or_insert(Error::Configuration(format!("a worker died: {error}")));
                    continue;
                }
            };
            free.extend(slot);
            let result = match result {
                Ok(Some(pass)) => pass.conclude(&self.shared.copy, judge).map_err(ItemError::Fatal),
                Ok(None) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
            match result {
                Ok(mut more) => {
                    failures.append(&mut more);
                    graph.done(id);
                }
                Err(ItemError::Entries(some)) => {
                    self.note(some, judge, &mut failures);
                    self.skip(&mut graph, id, &mut failures);
                }
                Err(ItemError::Rows(failure)) => {
                    tracing::error!(object = failure.object, "{failure}");
                    failures.push(failure);
                    self.skip(&mut graph, id, &mut failures);
                }
                Err(ItemError::Fatal(error)) => {
                    self.shared.context.cancel.cancel();
                    // What the others say is only that they were ended.
                    fatal.get_or_insert(error);
                }
            }
            // A worker's connections that cannot be used any more are replaced.
            while fatal.is_none() && free.len() + running.len() < jobs {
                match self.slot(&settings).await {
                    Ok(slot) => free.push(slot),
                    Err(error) => {
                        self.shared.context.cancel.cancel();
                        fatal = Some(error);
                    }
                }
            }
        }
        match fatal {
            Some(error) => Err(error),
            // Whatever the reason: nothing may be missing without a word.
            None if !graph.is_ended() => Err(Error::Configuration(
                "the copy ended before all of its items were done: this is a fault of the program"
                    .into(),
            )),
            None => Ok(failures),
        }
    }

    async fn slot(&self, settings: &TargetSettings) -> Result<Slot, Error> {
        Slot::open(self.snapshot, &self.shared.copy.target, settings, self.outer).await
    }

    fn note(
        &self,
        some: Vec<EntryFailure>,
        judge: &mut Judge<'_>,
        failures: &mut Vec<ObjectFailure>,
    ) {
        for EntryFailure { entry, error } in some {
            let message = match error {
                Error::Database { reason, .. } => reason,
                error => error.to_string(),
            };
            failures.extend(verdict(judge, &Failure { entry: Some(entry), message }));
        }
    }

    /// What needs a failed item cannot be made either; that has to be known too.
    fn skip(&self, graph: &mut Graph<Work>, id: ItemId, failures: &mut Vec<ObjectFailure>) {
        for skipped in graph.failed(id) {
            for object in self.shared.objects(&graph.item(skipped).work) {
                // An index and what it becomes are two items of one object.
                if failures.iter().any(|failure| failure.object == object) {
                    continue;
                }
                let message = "left out, for what it needs could not be made".to_owned();
                tracing::error!(object, "{object}: {message}");
                failures.push(ObjectFailure { object, message });
            }
        }
    }
}

impl Shared {
    /// Does one item.
    async fn work(&self, id: ItemId, item: Item<Work>, mut slot: Slot, idle: usize) -> Ended {
        let result = self.do_item(&item, &mut slot, idle).await;
        // A COPY that failed leaves a transaction, or half a conversation.
        let is_usable = matches!(&result, Ok(_) | Err(ItemError::Entries(_)));
        Ended { id, slot: is_usable.then_some(slot), result }
    }

    async fn do_item(
        &self,
        item: &Item<Work>,
        slot: &mut Slot,
        idle: usize,
    ) -> Result<Option<Pass>, ItemError> {
        let (board, context) = (&self.board, &self.context);
        let weight = Weight::cost(item.cost);
        match &item.work {
            Work::Rows { table, part } => {
                let table = &self.tables[*table];
                let rule = self.rules.get(&table.name);
                let rows = Rows { table, part: *part, rule };
                let parts = part.map_or(1, |part| u64::from(part.of.max(1)));
                let weight = Weight { cost: item.cost, bytes: table.bytes() / parts };
                item::rows(slot, &rows, weight, board, context).await?;
            }
            Work::LargeObjects { objects, number, of } => {
                let bytes = self.large_objects.bytes / u64::from((*of).max(1));
                let weight = Weight { cost: item.cost, bytes };
                let object = board.start_part("BLOBS", "large objects", (*number, *of), weight);
                let all = &self.large_objects;
                item::large_objects(slot, all, objects.clone(), object, context).await?;
            }
            Work::ArchiveData => {
                let object = board.start("ARCHIVE DATA", "sequences", weight);
                let (data, path) = (&self.data, &self.archive);
                let pass = Pass::run(&self.copy, data, path, 1, context, |_| {}).await;
                let pass = pass.map_err(ItemError::Fatal)?;
                object.end(0);
                return Ok(Some(pass));
            }
            Work::Statements { entry, statements, kind } => {
                let (helpers, sorted) = match kind {
                    Kind::Index { sorted } => (idle, *sorted),
                    Kind::Other => (0, None),
                };
                slot.prepare(helpers, sorted).await.map_err(ItemError::Fatal)?;
                let object = board.start(&entry.kind, &entry.name(), weight);
                item::statements(slot, entry, statements, context).await?;
                object.end(0);
            }
            Work::ForeignKeys { entries, alter, adds } => {
                let names: Vec<String> = entries.iter().map(Entry::name).collect();
                let object = board.start("FK CONSTRAINT", &names.join(", "), weight);
                item::foreign_keys(slot, entries, alter, adds, context).await?;
                object.end(0);
            }
            Work::Analyze { table } => {
                item::analyze(slot, &self.tables[*table], weight, board, context).await?;
            }
        }
        Ok(None)
    }

    /// The objects that are missing without an item; nothing is without its statistics.
    fn objects(&self, work: &Work) -> Vec<String> {
        match work {
            Work::Rows { table, .. } => {
                vec![format!("TABLE DATA {}", self.tables[*table].full_name())]
            }
            Work::LargeObjects { .. } => vec!["BLOBS large objects".to_owned()],
            Work::ArchiveData => self.data.iter().map(ToString::to_string).collect(),
            Work::Statements { entry, .. } => vec![entry.to_string()],
            Work::ForeignKeys { entries, .. } => entries.iter().map(ToString::to_string).collect(),
            Work::Analyze { .. } => Vec::new(),
        }
    }
}
