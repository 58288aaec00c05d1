//! Plan: which statements of the schema are executed when, and by whom.
//!
//! What rows need is created first, one by one; what does not affect the speed of the copy comes at the
//! end. In between, rows, indexes and foreign keys are items of a graph.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::cost;
use super::large_objects::LargeObjects;
use super::lock::LockMode;
use super::split::{self, Part};
use super::tables::Table;
use crate::TableName;
use crate::archive::{Entry, Section, tables_of};
use crate::full_copy::ddl;
use crate::full_copy::ddl::IndexParts;
use crate::full_copy::live::scheduler::{Item, ItemId};

/// The work of an item.
#[derive(Clone, Debug)]
pub(crate) enum ItemWork {
    /// Copies the rows of a table, given by its number.
    Rows { table: usize, part: Option<Part> },
    /// Copies the large objects with these numbers: part `number`, from 1, of `of`.
    LargeObjects { objects: Range<usize>, number: u32, of: u32 },
    /// Restores sequence values.
    ArchiveData,
    /// Executes statements for an entry of the archive.
    Statements { entry: Box<Entry>, statements: Vec<String>, kind: StatementKind },
    /// Adds the foreign keys of a table as NOT VALID, in one statement, or one by one.
    ForeignKeys { entries: Vec<Entry>, alter: String, adds: Vec<String> },
    /// Runs ANALYZE on a table.
    Analyze { table: usize },
}

/// The kind of statements, as far as the session's settings depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementKind {
    /// Builds an index; a B-tree sorts this many rows.
    Index { sorted: Option<u64> },
    /// Fills a materialized view, which may run any query.
    Query,
    /// Anything else.
    Other,
}

/// An archive's entries, by when and how they are restored.
#[derive(Debug, Default)]
pub(crate) struct CopyPlan {
    /// One by one, before all rows.
    pub(crate) before: Vec<Entry>,
    /// Rows of extensions' tables, which are in every archive, before all other rows.
    pub(crate) extension_rows: Vec<Entry>,
    /// By pg_restore: rows and large objects, if the archive contains them.
    pub(crate) rows: Vec<Entry>,
    /// Sequence values, while rows are copied.
    pub(crate) data: Vec<Entry>,
    /// By the workers: rows, indexes, keys.
    pub(crate) items: Vec<Item<ItemWork>>,
    /// One by one, after all of that.
    pub(crate) after: Vec<Entry>,
    /// By the workers, after everything else: filling materialized views.
    pub(crate) refreshed: Vec<Item<ItemWork>>,
    /// At the very end, because they would interfere with everything else: event triggers.
    pub(crate) last: Vec<Entry>,
}

/// How foreign keys are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Whether rows are copied from the source; otherwise pg_restore has already restored them from the
    /// archive.
    pub(crate) copies_rows: bool,
    /// Whether foreign keys are checked against the rows.
    pub(crate) validate: bool,
    /// Number of workers.
    pub(crate) jobs: usize,
    /// Whether a part of a table can be read without reading all of it.
    pub(crate) may_split: bool,
}

/// Classifies `entries`, in the order of the archive, and builds the graph.
pub(crate) fn plan(
    entries: Vec<Entry>,
    tables: &[Table],
    large_objects: &LargeObjects,
    choices: Choices,
) -> CopyPlan {
    let built = built(&entries, tables);
    let made: HashSet<TableName> = tables_made(&entries);
    let mut plan = CopyPlan::default();
    let mut refreshes = Vec::new();
    let mut ours = Vec::new();
    let before: HashSet<i32> = entries
        .iter()
        .filter(|entry| entry.section == Section::PreData && !is_large_object(entry))
        .map(|entry| entry.id)
        .collect();
    for entry in entries {
        match entry.section {
            _ if built.contains(&entry.id) => ours.push(entry),
            _ if is_large_object(&entry) => plan.rows.push(entry),
            Section::PreData => plan.before.push(entry),
            Section::Data if is_of_extension(&entry, &made) => plan.extension_rows.push(entry),
            Section::Data if entry.kind == "SEQUENCE SET" => plan.data.push(entry),
            Section::Data => plan.rows.push(entry),
            _ if is_of_event_trigger(&entry) => plan.last.push(entry),
            Section::PostData if entry.kind == "MATERIALIZED VIEW DATA" && !entry.is_garbled => {
                refreshes.push(entry);
            }
            // A comment on an extension, a type, a table.
            Section::None
                if entry.dependencies.iter().all(|id| before.contains(id))
                    && !entry.dependencies.is_empty() =>
            {
                plan.before.push(entry);
            }
            Section::None | Section::PostData => plan.after.push(entry),
        }
    }
    let mut builder = Builder::new(tables, choices);
    if choices.copies_rows {
        builder.rows();
    }
    builder.large_objects(large_objects);
    if !plan.data.is_empty() {
        builder.push(ItemWork::ArchiveData, cost::STATEMENT, Vec::new(), Vec::new());
    }
    builder.indexes(&ours);
    builder.foreign_keys(&ours);
    if choices.copies_rows {
        builder.analyze();
    }
    plan.items = builder.items;
    plan.refreshed = refreshed(refreshes);
    plan
}

/// The tables created by the entries.
fn tables_made(entries: &[Entry]) -> HashSet<TableName> {
    entries.iter().filter(|entry| entry.kind == "TABLE").flat_map(tables_of).collect()
}

/// Whether an entry contains rows of a table that no entry creates, because an extension does.
fn is_of_extension(entry: &Entry, made: &HashSet<TableName>) -> bool {
    entry.kind == "TABLE DATA" && tables_of(entry).iter().all(|table| !made.contains(table))
}

/// `BLOB`, `BLOBS`, `BLOB METADATA`: a statement in some versions, a list of numbers in others.
fn is_large_object(entry: &Entry) -> bool {
    entry.kind.starts_with("BLOB")
}

fn is_of_event_trigger(entry: &Entry) -> bool {
    entry.kind == "EVENT TRIGGER"
        || (matches!(entry.kind.as_str(), "COMMENT" | "SECURITY LABEL")
            && entry.tag.starts_with("EVENT TRIGGER "))
}

/// Each takes what it needs from the others; nothing else changes in the meantime.
fn refreshed(entries: Vec<Entry>) -> Vec<Item<ItemWork>> {
    let mut places: HashMap<i32, ItemId> = HashMap::new();
    let mut items = Vec::new();
    for entry in entries {
        let needs = entry.dependencies.iter().filter_map(|id| places.get(id)).copied().collect();
        places.insert(entry.id, items.len());
        let statements = vec![entry.definition.clone()];
        let work =
            ItemWork::Statements { entry: Box::new(entry), statements, kind: StatementKind::Query };
        items.push(Item { work, cost: cost::STATEMENT, needs, locks: Vec::new() });
    }
    items
}

/// The entries that become items: indexes and keys of tables, and attachments to those of partitions.
fn built(entries: &[Entry], tables: &[Table]) -> HashSet<i32> {
    let known = tables_made(entries);
    let copied: HashSet<&TableName> = tables.iter().map(|table| &table.target).collect();
    let of_table = |entry: &Entry| {
        let its = tables_of(entry);
        !its.is_empty() && its.iter().all(|table| known.contains(table) || copied.contains(table))
    };
    let mut built: HashSet<i32> = entries
        .iter()
        .filter(|entry| entry.section == Section::PostData)
        .filter(|entry| entry.tablespace.is_none() && !entry.is_garbled)
        .filter(|entry| match entry.kind.as_str() {
            "INDEX" | "CONSTRAINT" => of_table(entry),
            "FK CONSTRAINT" => tables_of(entry).len() == 2,
            "INDEX ATTACH" => true,
            _ => false,
        })
        .map(|entry| entry.id)
        .collect();
    // What depends on an entry at the end comes after it.
    loop {
        let late: HashSet<i32> = entries
            .iter()
            .filter(|entry| entry.section == Section::PostData && !built.contains(&entry.id))
            .map(|entry| entry.id)
            .collect();
        let before = built.len();
        for entry in entries {
            if entry.dependencies.iter().any(|id| late.contains(id)) {
                built.remove(&entry.id);
            }
        }
        if built.len() == before {
            return built;
        }
    }
}

struct Builder<'a> {
    tables: &'a [Table],
    by_name: HashMap<&'a TableName, usize>,
    choices: Choices,
    items: Vec<Item<ItemWork>>,
    /// The items that write rows to a table.
    rows: HashMap<&'a TableName, Vec<ItemId>>,
    /// The last item of each entry.
    entries: HashMap<i32, ItemId>,
    /// The items that create indexes and keys of a table.
    indexes: HashMap<TableName, Vec<ItemId>>,
    /// Those that a foreign key may refer to.
    unique: HashMap<TableName, Vec<ItemId>>,
}

impl<'a> Builder<'a> {
    fn new(tables: &'a [Table], choices: Choices) -> Self {
        Self {
            tables,
            by_name: tables.iter().enumerate().map(|(number, it)| (&it.target, number)).collect(),
            choices,
            items: Vec::new(),
            rows: HashMap::new(),
            entries: HashMap::new(),
            indexes: HashMap::new(),
            unique: HashMap::new(),
        }
    }

    fn push(
        &mut self,
        work: ItemWork,
        cost: u64,
        needs: Vec<ItemId>,
        locks: Vec<(TableName, LockMode)>,
    ) -> ItemId {
        self.items.push(Item { work, cost, needs, locks });
        self.items.len() - 1
    }

    fn large_objects(&mut self, all: &LargeObjects) {
        let parts = all.parts(self.choices.jobs);
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let cost = cost::large_objects(all.bytes / u64::from(of.max(1)));
        for (number, objects) in (1..).zip(parts) {
            let work = ItemWork::LargeObjects { objects, number, of };
            self.push(work, cost, Vec::new(), Vec::new());
        }
    }

    fn rows(&mut self) {
        let total: u64 = self.tables.iter().map(cost::data).sum();
        let mut through: HashMap<&TableName, Vec<ItemId>> = HashMap::new();
        for (number, table) in self.tables.iter().enumerate() {
            let parts = if self.choices.may_split {
                split::parts(table, total, self.choices.jobs)
            } else {
                vec![None]
            };
            let cost = cost::data(table) / parts.len() as u64;
            let into = table.through.as_ref().unwrap_or(&table.target);
            let mut written = Vec::new();
            for part in parts {
                let empties = part.is_none() && table.through.is_none();
                let lock = if empties { LockMode::AccessExclusive } else { LockMode::RowExclusive };
                let work = ItemWork::Rows { table: number, part };
                written.push(self.push(work, cost, Vec::new(), vec![(into.clone(), lock)]));
            }
            if let Some(root) = &table.through {
                through.entry(root).or_default().extend(&written);
            }
            self.rows.insert(&table.target, written);
        }
        // Rows written through a partitioned table may end in any of its partitions.
        for table in self.tables {
            if let Some(all) = table.through.as_ref().and_then(|root| through.get(root)) {
                self.rows.insert(&table.target, all.clone());
            }
        }
    }

    fn rows_of(&self, table: &TableName) -> Vec<ItemId> {
        self.rows.get(table).cloned().unwrap_or_default()
    }

    fn table(&self, name: &TableName) -> Option<&'a Table> {
        self.by_name.get(name).map(|number| &self.tables[*number])
    }

    fn needed_by(&self, entry: &Entry) -> Vec<ItemId> {
        entry.dependencies.iter().filter_map(|id| self.entries.get(id)).copied().collect()
    }

    fn indexes(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.kind != "FK CONSTRAINT") {
            let mut needs = self.needed_by(entry);
            let owner = tables_of(entry).first().cloned();
            let (locks, copied) = match &owner {
                Some(table) => {
                    needs.extend(self.rows_of(table));
                    (vec![table.clone()], self.table(table))
                }
                None => (self.tables_behind(entry), None),
            };
            let lock = |mode| locks.iter().map(|table| (table.clone(), mode)).collect::<Vec<_>>();
            let parts = match (entry.kind.as_str(), copied) {
                ("INDEX", _) => ddl::index(&entry.definition),
                ("CONSTRAINT", Some(_)) => ddl::unique_constraint(&entry.definition),
                _ => None,
            };
            let cost = copied.map_or(cost::STATEMENT, cost::index);
            let sorted = |sql: &str| copied.filter(|_| ddl::is_b_tree(sql)).map(cost::rows);
            let boxed = || Box::new(entry.clone());
            let last = match parts {
                Some(IndexParts { build, after }) => {
                    let kind = StatementKind::Index { sorted: sorted(&build) };
                    let work =
                        ItemWork::Statements { entry: boxed(), statements: vec![build], kind };
                    let built = self.push(work, cost, needs, lock(LockMode::Share));
                    if after.is_empty() {
                        built
                    } else {
                        let locks = lock(LockMode::AccessExclusive);
                        let kind = StatementKind::Other;
                        let work = ItemWork::Statements { entry: boxed(), statements: after, kind };
                        self.push(work, cost::STATEMENT, vec![built], locks)
                    }
                }
                None => {
                    let statements = vec![entry.definition.clone()];
                    let kind = StatementKind::Index { sorted: None };
                    let work = ItemWork::Statements { entry: boxed(), statements, kind };
                    self.push(work, cost, needs, lock(LockMode::AccessExclusive))
                }
            };
            self.entries.insert(entry.id, last);
            let is_unique = entry.kind != "INDEX" || entry.definition.starts_with("CREATE UNIQUE ");
            for table in locks {
                if is_unique {
                    self.unique.entry(table.clone()).or_default().push(last);
                }
                self.indexes.entry(table).or_default().push(last);
            }
        }
    }

    /// The tables of the items that an entry needs.
    fn tables_behind(&self, entry: &Entry) -> Vec<TableName> {
        let locks = self.needed_by(entry).into_iter().flat_map(|id| &self.items[id].locks);
        let mut tables: Vec<TableName> = locks.map(|(table, _)| table.clone()).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    fn foreign_keys(&mut self, entries: &[Entry]) {
        // In the order of the archive, with the keys of one table together.
        let mut groups: Vec<(String, Vec<&Entry>, Vec<ddl::ForeignKey>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.kind == "FK CONSTRAINT") {
            match ddl::foreign_key(&entry.definition) {
                Some(key) => {
                    let place = *places.entry(key.alter.clone()).or_insert_with(|| {
                        groups.push((key.alter.clone(), Vec::new(), Vec::new()));
                        groups.len() - 1
                    });
                    groups[place].1.push(entry);
                    groups[place].2.push(key);
                }
                None => self.whole_foreign_key(entry),
            }
        }
        for (alter, entries, keys) in groups {
            self.group_of_foreign_keys(alter, &entries, &keys);
        }
    }

    fn whole_foreign_key(&mut self, entry: &Entry) {
        let tables = tables_of(entry);
        let needs = self.needs_of_foreign_key(entry);
        let locks = tables.iter().map(|table| (table.clone(), LockMode::AccessExclusive)).collect();
        let cost = tables.iter().filter_map(|table| self.table(table)).map(cost::foreign_key);
        let cost = cost.max().unwrap_or(cost::STATEMENT);
        let statements = vec![entry.definition.clone()];
        let kind = StatementKind::Other;
        let work = ItemWork::Statements { entry: Box::new(entry.clone()), statements, kind };
        self.push(work, cost, needs, locks);
    }

    fn needs_of_foreign_key(&self, entry: &Entry) -> Vec<ItemId> {
        let mut needs = self.needed_by(entry);
        let tables = tables_of(entry);
        for table in &tables {
            needs.extend(self.rows_of(table));
        }
        // The entry does not reliably tell which of the referenced table's keys it needs.
        if let Some(referenced) = tables.last() {
            needs.extend(self.unique.get(referenced).into_iter().flatten());
        }
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    fn group_of_foreign_keys(
        &mut self,
        alter: String,
        entries: &[&Entry],
        keys: &[ddl::ForeignKey],
    ) {
        let mut needs: Vec<ItemId> =
            entries.iter().flat_map(|entry| self.needs_of_foreign_key(entry)).collect();
        needs.sort_unstable();
        needs.dedup();
        let mut tables: Vec<TableName> =
            entries.iter().flat_map(|entry| tables_of(entry)).collect();
        tables.sort_unstable();
        tables.dedup();
        let locks = tables.into_iter().map(|table| (table, LockMode::ShareRowExclusive)).collect();
        let work = ItemWork::ForeignKeys {
            entries: entries.iter().map(|entry| (*entry).clone()).collect(),
            alter: alter.clone(),
            adds: keys.iter().map(|key| key.add.clone()).collect(),
        };
        let added = self.push(work, cost::STATEMENT, needs, locks);
        if !self.choices.validate {
            return;
        }
        for (entry, key) in entries.iter().zip(keys) {
            let Some(validate) = &key.validate else { continue };
            let [table, referenced] = tables_of(entry).try_into().unwrap_or_else(|_| {
                // An entry is only built if it names both.
                [TableName::new("", ""), TableName::new("", "")]
            });
            let cost = self.table(&table).map_or(cost::STATEMENT, cost::foreign_key);
            let locks =
                vec![(table, LockMode::ShareUpdateExclusive), (referenced, LockMode::RowShare)];
            let work = ItemWork::Statements {
                entry: Box::new((*entry).clone()),
                statements: vec![format!("{alter} {validate}")],
                kind: StatementKind::Other,
            };
            self.push(work, cost, vec![added], locks);
        }
    }

    fn analyze(&mut self) {
        for (number, table) in self.tables.iter().enumerate() {
            let mut needs = self.rows_of(&table.target);
            needs.extend(self.indexes.get(&table.target).into_iter().flatten());
            let locks = vec![(table.target.clone(), LockMode::ShareUpdateExclusive)];
            self.push(ItemWork::Analyze { table: number }, cost::analyze(table), needs, locks);
        }
    }
}
