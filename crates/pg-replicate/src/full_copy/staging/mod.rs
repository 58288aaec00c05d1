//! A copy that is built beside the live one, and takes its place in one transaction.
//!
//! It is built in schemas of its own, so readers see the last copy, whole, until the new one is whole.

mod division;
pub(super) mod leftovers;
pub(super) mod publication;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tokio_postgres::Row;

use super::live::large_objects::LargeObjects;
use super::object_catalog;
use super::restore_plan::RestorePlan;
use super::settings::FullCopy;
use crate::archive::{Entry, Reason};
use crate::postgres::catalog::{self, rows};
use crate::postgres::connection::Connection;
use crate::postgres::identifier::{DEFAULT_SCHEMA, quote_identifier};
use crate::postgres::sql_text::Cursor;
use crate::renaming::{Renaming, ambiguous};
use crate::{BackupMode, Check, Error, ObjectFailure, TableName};
use division::Division;

const STAYING_NAMES: &str = include_str!("../../../sql/staging/staying_names.sql");
const COLUMNS_OF_NAMES: &str = include_str!("../../../sql/staging/columns_of_names.sql");

/// Names of the schemas in which a copy is built, followed by a number.
const NEXT: &str = "replication_next_";

/// Names of the schemas of a replaced copy.
pub(super) const OLD: &str = "replication_old_";

/// A copy being built.
pub(super) struct Staging {
    pub(super) renaming: Renaming,
    /// The entries to restore, with the names of the copy that is built.
    pub(super) entries: Vec<Entry>,
    /// Restored when the live copy is replaced.
    late: Vec<Entry>,
    /// The statements that replace routines whose bodies have the names of the build.
    routines: Vec<(Entry, String)>,
    /// The source's extensions, which are not replaced.
    pub(super) extensions: Vec<String>,
    pub(super) large_objects: LargeObjects,
}

impl Staging {
    /// Prepares the target: removes what an interrupted run has left, creates missing extensions and the
    /// schemas of the build.
    ///
    /// # Errors
    /// [`Error::Preflight`] if the copy can only be made in place.
    pub(super) async fn begin(
        copy: &FullCopy,
        restored: &RestorePlan,
        large_objects: &LargeObjects,
        target: &Connection,
    ) -> Result<Self, Error> {
        leftovers::remove(target).await?;
        let schemas = numbered(restored, &in_use(target).await?)?;
        let renaming = Renaming::new(schemas.clone(), Vec::new());
        let division = division::divide(&restored.entries, &renaming);
        let server = catalog::server(target).await?;
        if !server.may_create_schema {
            return Err(refused(&format!(
                "role {} may not create schemas (GRANT CREATE ON DATABASE)",
                server.role
            )));
        }
        if let Some(obstacle) = division::obstacle(&division) {
            return Err(refused(&obstacle));
        }
        refuse_others(target, large_objects).await?;
        create_extensions(target, &division.extensions).await?;
        let renaming = Renaming::new(schemas, staying(copy, restored, target).await?)
            .making(division::names(&division.staged));
        let unclear = ambiguous(&renaming, division::names(&division.staged));
        if !unclear.is_empty() {
            let names: Vec<String> = unclear.into_iter().collect();
            return Err(refused(&format!(
                "the target has objects of the same names that stay: {}",
                names.join(", ")
            )));
        }
        let entries = division.staged.iter().map(|entry| division::renamed(entry, &renaming));
        let entries = entries.collect::<Result<Vec<Entry>, Error>>()?;
        for (schema, staged) in renaming.schemas() {
            create_schema(target, schema, staged).await?;
        }
        let routines = division
            .staged
            .iter()
            .filter_map(|entry| Some((entry.clone(), division::replacement(entry, &renaming)?)));
        let routines = routines.collect();
        let all = restored.entries.iter().chain(restored.left_out.iter().map(|(entry, _)| entry));
        let extensions = all.filter(|entry| entry.kind == "EXTENSION");
        let extensions = extensions.map(|entry| entry.tag.clone()).collect();
        let Division { late, .. } = division;
        let large_objects = LargeObjects::default();
        Ok(Self { renaming, entries, late, routines, extensions, large_objects })
    }
}

impl Staging {
    /// The entries with rows of extensions' tables.
    pub(super) fn extension_rows(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| {
            let schema = entry.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
            entry.kind == "TABLE DATA" && self.renaming.stays(schema, &entry.tag)
        })
    }

    /// Schema and name of range types.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_range = |entry: &&Entry| {
            entry.kind == "TYPE"
                && Cursor::new(&entry.definition)
                    .is_ok_and(|mut cursor| cursor.skip_past("AS") && cursor.eat(&["RANGE"]))
        };
        self.entries.iter().filter(is_range).filter_map(move |entry| {
            entry.schema.as_deref().map(|schema| (schema, entry.tag.as_str()))
        })
    }
}

/// Refuses a source whose rows would mean something else in another schema: names of objects as values.
pub(super) async fn refuse_names(source: &Connection, mode: &BackupMode) -> Result<(), Error> {
    let kept = catalog::oids(&catalog::kept_tables(source, mode).await?);
    let action = "look for columns whose values are names of objects";
    for row in rows(source, action, COLUMNS_OF_NAMES, &[&kept]).await? {
        let table = TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
        let has_names = match row.get::<_, Option<&str>>("test") {
            None => true,
            Some(test) => rows(source, action, test, &[]).await?.iter().any(|row| row.get(0)),
        };
        if has_names {
            let column: &str = row.get("column");
            return Err(refused(&format!(
                "column {column} of {table} holds names of objects as values (of a type such as regclass)"
            )));
        }
    }
    Ok(())
}

/// The copy cannot be built beside the live one.
pub(super) fn refused(reason: &str) -> Error {
    Error::Preflight(vec![Check::bad(
        "PUBLISH",
        format!(
            "the copy cannot be built beside the live one, because {reason}; PUBLISH=in-place copies without that, and readers see it being made"
        ),
    )])
}

/// Large objects of other roles cannot be replaced.
async fn refuse_others(target: &Connection, large_objects: &LargeObjects) -> Result<(), Error> {
    const OTHERS: &str = "SELECT oid FROM pg_catalog.pg_largeobject_metadata \
        WHERE oid = ANY ($1) AND pg_catalog.pg_get_userbyid(lomowner) <> CURRENT_USER LIMIT 1";
    let action = "look for the large objects of other roles";
    match rows(target, action, OTHERS, &[&large_objects.oids()]).await?.first() {
        None => Ok(()),
        Some(row) => Err(Error::Preflight(vec![Check::bad(
            "large objects",
            format!(
                "large object {} of the target belongs to another role, and cannot be replaced: remove it",
                row.get::<_, u32>("oid")
            ),
        )])),
    }
}

/// The schemas of builds by other roles.
async fn in_use(target: &Connection) -> Result<HashSet<String>, Error> {
    const SQL: &str =
        "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname ~ '^replication_'";
    let found = rows(target, "look for the schemas of other builds", SQL, &[]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// A schema to build in for each schema of the source, also for empty ones, and for that of the enrichment.
fn numbered(
    restored: &RestorePlan,
    in_use: &HashSet<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let all = || restored.entries.iter().chain(restored.left_out.iter().map(|(entry, _)| entry));
    let mut names: BTreeSet<&str> = division::schemas(&restored.entries).collect();
    names.extend(all().filter(|entry| entry.kind == "SCHEMA").map(|entry| entry.tag.as_str()));
    names.insert(DEFAULT_SCHEMA);
    if let Some(name) = names.iter().find(|name| name.starts_with(NEXT) || name.starts_with(OLD)) {
        return Err(refused(&format!("the source has a schema {name}, a name that copies use")));
    }
    let staged =
        (1..).map(|number| format!("{NEXT}{number}")).filter(|name| !in_use.contains(name));
    Ok(names.into_iter().map(str::to_owned).zip(staged).collect())
}

/// What is not built: it is there, or belongs to kept tables.
async fn staying(
    copy: &FullCopy,
    restored: &RestorePlan,
    target: &Connection,
) -> Result<Vec<(String, String, bool)>, Error> {
    let kept = catalog::oids(&catalog::kept_tables(target, &copy.mode).await?);
    let survivors = object_catalog::closure(target, &kept).await?;
    if let Some(conflict) = survivors.conflict() {
        return Err(Error::Configuration(conflict));
    }
    let action = "list the names that stay";
    let found = rows(target, action, STAYING_NAMES, &[&survivors.classes, &survivors.oids]).await?;
    let name = |row: &Row| (row.get("schema"), row.get("name"), row.get("is_routine"));
    let mut names: Vec<(String, String, bool)> = found.iter().map(name).collect();
    // Kept tables that the target lacks.
    names.extend(copy.mode.kept().map(|table| (table.schema.clone(), table.name.clone(), false)));
    let is_kept = |why: &Reason| *why == Reason::Kept;
    let kept: Vec<Entry> = restored
        .left_out
        .iter()
        .filter(|(entry, why)| is_kept(why) && matches!(entry.kind.as_str(), "TABLE" | "SEQUENCE"))
        .map(|(entry, _)| entry.clone())
        .collect();
    names.extend(division::names(&kept).map(|(schema, name)| (schema, name, false)));
    Ok(names)
}

async fn create_extensions(target: &Connection, extensions: &[Entry]) -> Result<(), Error> {
    for entry in extensions {
        let mut sql = entry.definition.clone();
        let mut cursor = Cursor::new(&entry.definition).ok();
        if let Some(cursor) = &mut cursor
            && cursor.skip_past("SCHEMA")
            && let Some(schema) = cursor.name()
        {
            sql = format!("CREATE SCHEMA IF NOT EXISTS {};\n{sql}", quote_identifier(&schema));
        }
        if let Err(error) = target.batch_execute(&sql).await {
            return match target.error(format!("create {entry} on the target"), &error) {
                Error::Database { reason: message, .. } => {
                    Err(Error::Restore(vec![ObjectFailure { object: entry.to_string(), message }]))
                }
                error => Err(error),
            };
        }
        tracing::info!("{entry} is new on the target");
    }
    Ok(())
}

async fn create_schema(target: &Connection, schema: &str, staged: &str) -> Result<(), Error> {
    let sql = format!("CREATE SCHEMA {}", quote_identifier(staged));
    target.batch_execute(&sql).await.map_err(|error| {
        target.error(format!("create the schema {staged}, in which {schema} is built"), &error)
    })
}
