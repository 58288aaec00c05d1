//! Taking of a snapshot.

use std::path::Path;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use object_stores::ObjectPlace;
use pg_replicate::DatabaseUrl;
use pg_replicate::database_snapshot::DatabaseSnapshot;
use private_files::PrivateDirectory;
use progress::Context;

use crate::changes::Changes;
use crate::entry::{Entry, EntryState};
use crate::error::{Error, until_cancelled};
use crate::inventory::Inventory;
use crate::manifest::{FORMAT, Manifest, Versions, dump_name};
use crate::name::label;
use crate::pack::Member;
use crate::progress::{COMPARE, DUMP, Meter};
use crate::publish::publish;
use crate::settings::Settings;
use crate::{fixtures, prune, tables};

/// Directory of the fixtures in the archive.
const FIXTURES: &str = "fixtures";

/// Result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The watched tables equal those of the newest snapshot; nothing was dumped or uploaded.
    Unchanged {
        /// The newest good snapshot.
        latest: Entry,
    },
    /// A snapshot was taken.
    Created {
        /// The new snapshot.
        entry: Entry,
        /// The changes since the previous snapshot, one sentence per table; empty for the first one.
        changes: Vec<String>,
        /// The snapshots removed by the retention policy.
        pruned: Vec<String>,
    },
}

/// Takes a snapshot of `source` if its watched tables differ from the newest good snapshot, or if `force`d;
/// prunes; completes what an earlier run has left undone.
///
/// # Errors
/// [`Error::Unfinished`] if the newest snapshot is stored but a later action failed. After any other error,
/// the store contains the same snapshots as before.
pub async fn take(
    source: &DatabaseUrl,
    settings: &Settings,
    force: bool,
    context: &Context,
) -> Result<Taken, Error> {
    let store = &settings.store;
    let label = label(source.database());
    let temp_dir = temporary_directory(&settings.directory)?;
    let before = until_cancelled(context, Before::look(store, &label)).await?;
    let meter = Meter::new(context, "compare", COMPARE, 1);
    let database = DatabaseSnapshot::open(source, context).await?;
    let taken_at = time_after(before.last_name, Utc::now());
    let newest = before.newest_good;
    let tables = database.during(tables::read(source, &database, settings, context)).await?;
    meter.reached(1);
    let changes = match newest.as_ref().and_then(Entry::manifest) {
        Some(manifest) => Changes::between(&manifest.tables, &tables),
        None => Changes::default(),
    };
    if let Some(latest) = newest.filter(|_| changes.is_empty() && !force) {
        database.end(context).await?;
        tracing::info!(tables = tables.len(), "Nothing has changed since snapshot {}", latest.name);
        prune::run(settings, &label, &latest, Utc::now(), context).await?;
        return Ok(Taken::Unchanged { latest });
    }
    tracing::info!(tables = tables.len(), forced = force, "Start snapshot; changes: {changes}");
    let manifest = Manifest {
        format: FORMAT,
        database: source.database().into(),
        taken_at,
        versions: Versions {
            server: database.server_version().into(),
            pg_dump: database.pg_dump_version().into(),
            program: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).into(),
        },
        dump: settings.format,
        tables,
        files: Vec::new(),
    };
    let members = write_members(source, &database, settings, temp_dir.path(), context).await?;
    // Ends the database snapshot, so that the upload does not hold back vacuum.
    database.end(context).await?;
    let entry = publish(settings, manifest, &members, context).await?;
    drop(temp_dir);
    let pruned = prune::run(settings, &label, &entry, Utc::now(), context).await?;
    tracing::info!(bytes = entry.bytes, pruned = pruned.len(), "End snapshot {}", entry.name);
    Ok(Taken::Created { entry, changes: changes.into_words(), pruned })
}

/// The state of the store before a run.
#[derive(Default)]
struct Before {
    newest_good: Option<Entry>,
    /// The time in the latest name, whatever the state of its archive.
    last_name: Option<DateTime<Utc>>,
}

impl Before {
    /// Lists the snapshots of the database with this label.
    async fn look(store: &ObjectPlace, label: &str) -> Result<Self, Error> {
        let inventory = Inventory::look(store).await?;
        let mut before = Self::default();
        for item in inventory.items.iter().filter(|item| item.name.database == label) {
            before.last_name = before.last_name.max(Some(item.name.taken_at));
            let Some(entry) = inventory.read(item).await? else { continue };
            match &entry.state {
                EntryState::Good(_) => {
                    before.newest_good = Some(entry);
                    break;
                }
                EntryState::Unfinished => {}
                EntryState::Damaged(reason) => {
                    tracing::warn!("Snapshot {} cannot be used: {reason}", entry.name);
                }
            }
        }
        Ok(before)
    }
}

/// Makes names sort by time, whatever the clock says.
fn time_after(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let now = now.trunc_subsecs(0);
    last.map_or(now, |last| now.max(last + TimeDelta::seconds(1)))
}

/// Writes the fixtures and the dump to files. Fixtures come first, so that invalid patterns are found
/// before the dump.
async fn write_members(
    source: &DatabaseUrl,
    database: &DatabaseSnapshot,
    settings: &Settings,
    directory: &Path,
    context: &Context,
) -> Result<Vec<Member>, Error> {
    let fixtures = directory.join(FIXTURES);
    private_files::create_directories(&fixtures)
        .map_err(|source| Error::file("create", &fixtures, source))?;
    let (wanted, snapshot) = (&settings.fixtures, Some(database.snapshot()));
    let writing = fixtures::write(source, wanted, snapshot, &fixtures, context);
    let written = database.during(writing).await?;
    let dump = dump_name(settings.format);
    database.dump(settings.format, &directory.join(dump), DUMP, context).await?;
    let dump = Member { name: dump.into(), path: directory.join(dump) };
    let fixture =
        |name: &str| Member { name: format!("{FIXTURES}/{name}"), path: fixtures.join(name) };
    Ok([dump].into_iter().chain(written.iter().map(|file| fixture(&file.name))).collect())
}

pub(crate) fn temporary_directory(parent: &Path) -> Result<PrivateDirectory, Error> {
    PrivateDirectory::create(parent)
        .map_err(|source| Error::file("create a directory in", parent, source))
}
