//! Content of the watched tables.

use std::collections::HashSet;

use pg_replicate::database_snapshot::{DatabaseSnapshot, Definition};
use pg_replicate::fingerprint::{self, ContentHash};
use pg_replicate::{DatabaseUrl, TableName};
use progress::Context;

use crate::error::Error;
use crate::manifest::TableState;
use crate::settings::Settings;

/// The watched tables as they are in the database, sorted.
pub(crate) async fn read(
    source: &DatabaseUrl,
    database: &DatabaseSnapshot,
    settings: &Settings,
    context: &Context,
) -> Result<Vec<TableState>, Error> {
    let watched: Vec<_> = database
        .tables()
        .iter()
        .filter(|table| settings.tables.contains(&table.name, &table.root))
        .collect();
    if watched.is_empty() && !settings.tables.only.is_empty() {
        let only: Vec<String> = settings.tables.only.iter().map(ToString::to_string).collect();
        return Err(Error::Configuration(format!(
            "no table of {source} is watched: it has none that {} means, or all of them are ignored; changes \
             would never be seen",
            only.join(", ")
        )));
    }
    let names: HashSet<&TableName> = watched.iter().map(|table| &table.name).collect();
    let is_wanted = |table: &TableName| names.contains(table);
    let snapshot = Some(database.snapshot());
    let content =
        fingerprint::database(source, is_wanted, settings.jobs, snapshot, context).await?;
    let state = |table: &&Definition| {
        let found = content.get(&table.name);
        TableState {
            schema: table.name.schema.clone(),
            name: table.name.name.clone(),
            rows: found.map_or(0, |found| found.rows),
            hash: found.map_or(ContentHash(0), |found| found.hash),
            definition: table.sha256.clone(),
        }
    };
    let mut tables: Vec<TableState> = watched.iter().map(state).collect();
    tables.sort_unstable();
    Ok(tables)
}
