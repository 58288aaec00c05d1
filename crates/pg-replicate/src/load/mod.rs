//! The data of databases, dumps and scripts into tables that are there already: all of it in one
//! transaction, or nothing.
//!
//! docs/review-data.md says what operators can rely on. In order:
//!
//! 1. every source is read through ([`Preflight`](preflight::Preflight)): which tables get rows, whether
//!    their columns are the target's, what cannot be carried out; nothing is changed before all of
//!    it is known to fit ([`LoadPlan`](plan::LoadPlan));
//! 2. in one transaction of the target: triggers off, the foreign keys that the order of the rows
//!    cannot satisfy deferred, sequences brought under the transaction, tables emptied, the sources
//!    loaded in their order, keys checked, keys and triggers back in their state.

mod catalog;
mod constraints_and_triggers;
mod database;
mod dump;
mod excluded_unchanged;
mod export;
mod guard;
mod loaded;
mod meter;
mod plan;
mod preflight;
mod script_run;
mod source;
mod spool;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::BufReader;

use crate::phase_shares;
use crate::postgres::connection::Connection;
use crate::{DatabaseUrl, Error, TableName};
use progress::{Context, PhaseSummary, Summary};

use crate::load::excluded_unchanged::Untouched;
use crate::load::preflight::Preflight;
use crate::psql_script::{self, Script, Variables};
use catalog::Catalog;
use database::{APPLICATION, DatabaseSource};
use dump::DumpSource;
use guard::Guard;
use meter::Meter;
use plan::LoadPlan;
use script_run::ScriptRun;
use spool::Readable;

pub use crate::schema_export::ExportSchema;
pub use export::ExportData;
pub use source::LoadSource;

/// How long a failed load waits for the server's rollback.
const UNDO_LIMIT: Duration = Duration::from_secs(10);

/// A load of data into existing tables.
#[derive(Clone, Debug)]
pub struct LoadData {
    /// The sources, in the order in which they are loaded.
    pub sources: Vec<LoadSource>,
    /// The database that is written to.
    pub target: DatabaseUrl,
    /// Tables that keep their rows, whatever the sources contain.
    pub excluded: Vec<TableName>,
    /// Whether the tables that get rows are emptied first; otherwise the sources must do it.
    pub truncates: bool,
    /// Whether columns that only the target has take their default.
    pub allows_new_columns: bool,
}

/// `table` or `schema.table`, each part optionally in double quotes; `None` if it is not a table name.
#[must_use]
pub fn parse_table(text: &str) -> Option<TableName> {
    crate::backup_mode::parse_table(text)
}

/// A checked source.
enum Looked<'a> {
    Database(Box<DatabaseSource>),
    Dump(DumpSource),
    Script(&'a Path, u64),
}

impl LoadData {
    /// Loads the data; see the module.
    ///
    /// # Errors
    /// [`Error::Preflight`] with everything that does not fit, [`Error::Cancelled`],
    /// [`Error::Unreachable`], [`Error::Database`] with the line that the server refused,
    /// [`Error::Configuration`] for a file that cannot be read. The target is unchanged in every case.
    pub async fn run(&self, context: &Context) -> Result<Summary, Error> {
        context.check()?;
        tracing::info!("Start load data");
        let sources = spool::readable(&self.sources, context).await?;
        let target = Connection::open_for(context, &self.target, APPLICATION).await?;
        let work = self.load(&sources, &target, context);
        let result = target.run(context, work).await;
        if result.is_err() && !context.cancel.is_cancelled() {
            // Closing the connection would do this too, but later: the locks must have been released when
            // this returns.
            let _ = tokio::time::timeout(UNDO_LIMIT, target.batch_execute("ROLLBACK")).await;
        }
        let summary = result?;
        tracing::info!("End load data");
        Ok(summary)
    }

    async fn load(
        &self,
        sources: &[Readable],
        target: &Connection,
        context: &Context,
    ) -> Result<Summary, Error> {
        let start = Instant::now();
        let catalog = Catalog::read(target).await?;
        let mut preflight = Preflight::new(&catalog, self.allows_new_columns);
        for table in &self.excluded {
            preflight.exclude(table);
        }
        let looked = look(sources, target, &mut preflight, context).await?;
        let plan = LoadPlan::new(&mut preflight, self.truncates);
        if preflight.loaded.is_empty()
            && preflight.emptied.is_empty()
            && preflight.problems.is_empty()
        {
            preflight.problem("--from", "the sources hold no rows for any table".into());
        }
        if !preflight.problems.is_empty() {
            return Err(Error::Preflight(std::mem::take(&mut preflight.problems)));
        }
        let mut summary: Summary = PhaseSummary {
            objects: preflight.loaded.len() as u64,
            ..PhaseSummary::ended("look", start)
        }
        .into();

        let start = Instant::now();
        let guard = Guard::begin(target).await?;
        let untouched = Untouched::look(target, &preflight.excluded).await?;
        log(&catalog, &plan);
        constraints_and_triggers::before(target, &catalog, &plan).await?;
        summary.extend(
            PhaseSummary {
                objects: plan.truncated.len() as u64,
                ..PhaseSummary::ended("truncate", start)
            }
            .into(),
        );
        let set =
            self.load_all(&looked, sources, &guard, &preflight, context, &mut summary).await?;
        let start = Instant::now();
        constraints_and_triggers::after(target, &catalog, &plan, &set).await?;
        untouched.check(target, &catalog).await?;
        guard.commit().await?;
        let objects = plan.deferred.len() as u64;
        summary
            .extend(PhaseSummary { objects, ..PhaseSummary::ended("foreign keys", start) }.into());
        Ok(summary)
    }

    /// Returns the sequences that were set for the last rows of their tables.
    async fn load_all(
        &self,
        looked: &[Looked<'_>],
        sources: &[Readable],
        guard: &Guard<'_>,
        preflight: &Preflight<'_>,
        context: &Context,
        summary: &mut Summary,
    ) -> Result<BTreeSet<TableName>, Error> {
        let mut set = BTreeSet::new();
        let bytes: u64 = looked.iter().map(Looked::bytes).sum();
        let board = context.tracker("load", phase_shares::INCREMENTAL, bytes);
        let mut variables = Variables::default();
        for (looked, Readable { source, name, .. }) in looked.iter().zip(sources) {
            let start = Instant::now();
            let short = short(source, name);
            tracing::info!(source = name, "Load {name}");
            let loaded = match looked {
                Looked::Database(source) => {
                    source.run(guard.connection(), preflight, &board).await?
                }
                Looked::Dump(source) => {
                    source.run(&self.target, guard, preflight, context, &board).await?
                }
                Looked::Script(path, bytes) => {
                    let (input, _) = open(path).await?;
                    let whole = board.start("SCRIPT", &short, *bytes);
                    let run = ScriptRun {
                        file: name,
                        script: Script::new(
                            input,
                            std::mem::take(&mut variables),
                            preflight.catalog.strings,
                        ),
                        guard,
                        catalog: preflight.catalog,
                        excluded: &preflight.excluded,
                        meter: Meter::of_script(&board, &whole),
                    };
                    let (loaded, after) =
                        run.run().await.map_err(|failure| failure.into_error(name))?;
                    whole.end(0);
                    variables = after;
                    loaded
                }
            };
            // A sequence is set for the rows of its source, not for those added by another.
            let is_filled = |name: &TableName| {
                let owner = preflight.catalog.sequence(name).and_then(|one| one.owner.as_ref());
                owner.is_some_and(|(table, _)| loaded.tables.contains(table))
            };
            set.retain(|name| !is_filled(name));
            set.extend(loaded.sequences);
            let phase = PhaseSummary {
                objects: loaded.tables.len() as u64,
                rows: loaded.rows,
                bytes: loaded.bytes,
                ..PhaseSummary::ended(&format!("load {short}"), start)
            };
            summary.extend(phase.into());
        }
        // The phases are the sources.
        summary.extend(Summary { slowest: board.finish().slowest, ..Summary::default() });
        Ok(set)
    }
}

async fn look<'a>(
    sources: &'a [Readable],
    target: &Connection,
    preflight: &mut Preflight<'_>,
    context: &Context,
) -> Result<Vec<Looked<'a>>, Error> {
    let mut looked = Vec::new();
    let mut variables = Variables::default();
    for Readable { source, name, .. } in sources {
        looked.push(match source {
            LoadSource::Database(url) => {
                let source = DatabaseSource::look(url, target, preflight, context).await?;
                Looked::Database(Box::new(source))
            }
            LoadSource::Dump(path) => Looked::Dump(DumpSource::look(path, name, preflight).await?),
            LoadSource::Script(path) | LoadSource::Stream(path) => {
                let (input, bytes) = open(path).await?;
                match preflight.script(name, input, std::mem::take(&mut variables)).await {
                    Ok(after) => variables = after,
                    Err(error) => {
                        preflight.problem(&format!("{name}, line {}", error.line), error.reason);
                    }
                }
                Looked::Script(path, bytes)
            }
        });
    }
    Ok(looked)
}

impl Looked<'_> {
    /// The approximate cost: for databases the size of the tables on disk, for files their size.
    fn bytes(&self) -> u64 {
        match self {
            Self::Database(source) => source.bytes(),
            Self::Dump(source) => source.bytes(),
            Self::Script(_, bytes) => *bytes,
        }
    }
}

fn log(catalog: &Catalog, plan: &LoadPlan) {
    let tables: Vec<String> = plan.truncated.iter().map(|table| catalog.display(*table)).collect();
    if !tables.is_empty() {
        tracing::info!("Empty {}", tables.join(", "));
    }
    if !plan.cascaded.is_empty() {
        tracing::warn!(
            "Emptied too, because they refer to those: {}; the sources hold no rows for them",
            plan.cascaded.join(", ")
        );
    }
    let keys: Vec<&str> = plan.deferred.iter().map(|key| key.name.as_str()).collect();
    if !keys.is_empty() {
        tracing::info!(
            "Checked at the end, because rows come before those they refer to: {}",
            keys.join(", ")
        );
    }
    let triggers: Vec<&str> = plan.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    if !triggers.is_empty() {
        tracing::info!("Triggers that do not fire meanwhile: {}", triggers.join(", "));
    }
}

fn short(source: &LoadSource, name: &str) -> String {
    match source {
        LoadSource::Database(url) => url.database().to_owned(),
        _ => Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

async fn open(path: &Path) -> Result<(BufReader<tokio::fs::File>, u64), Error> {
    let opened = async {
        let file = tokio::fs::File::open(path).await?;
        let bytes = file.metadata().await?.len();
        Ok((BufReader::with_capacity(psql_script::BUFFER, file), bytes))
    };
    opened.await.map_err(|source| Error::File { action: "open", path: path.to_owned(), source })
}
