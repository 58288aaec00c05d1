//! Check that excluded tables are unchanged, whatever a script did.

use std::collections::BTreeSet;

use crate::Error;
use crate::load::catalog::Catalog;
use crate::postgres::connection::Connection;

/// The state of excluded tables.
#[derive(Debug)]
pub(super) struct Untouched {
    tables: Vec<u32>,
    found: Vec<(u32, Option<u32>, i64)>,
}

impl Untouched {
    /// Records it at the start of the transaction.
    pub(super) async fn look(
        connection: &Connection,
        tables: &BTreeSet<u32>,
    ) -> Result<Self, Error> {
        let tables: Vec<u32> = tables.iter().copied().collect();
        let found = look(connection, &tables).await?;
        Ok(Self { tables, found })
    }

    /// Compares it before the transaction is committed.
    pub(super) async fn check(
        &self,
        connection: &Connection,
        catalog: &Catalog,
    ) -> Result<(), Error> {
        let now = look(connection, &self.tables).await?;
        let changed: Vec<String> = self
            .found
            .iter()
            .filter(|table| !now.contains(table))
            .map(|(table, ..)| catalog.display(*table))
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        Err(Error::Configuration(format!(
            "the sources change tables that --exclude-table protects: {}; nothing was changed: remove those statements from the sources, or do not exclude the tables",
            changed.join(", ")
        )))
    }
}

async fn look(
    connection: &Connection,
    tables: &[u32],
) -> Result<Vec<(u32, Option<u32>, i64)>, Error> {
    const SQL: &str = include_str!("../../sql/load_untouched.sql");
    let rows = connection
        .query(SQL, &[&tables])
        .await
        .map_err(|error| connection.error("look at the excluded tables", &error))?;
    Ok(rows.iter().map(|row| (row.get("oid"), row.get("place"), row.get("changes"))).collect())
}
