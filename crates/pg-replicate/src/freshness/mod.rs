//! Freshness: tables of the target that say of which moment each copied table is, and which runs there were.

mod obstacle;

use std::time::SystemTime;

use progress::CopyFacts;
use tokio_postgres::types::Oid;
use tokio_postgres::{Error, GenericClient};

use crate::postgres::catalog;
use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;
use crate::{BackupMode, DatabaseUrl, TableMode, TableName};

pub(crate) use obstacle::obstacle;

const CREATE: &str = include_str!("../../sql/freshness/create.sql");
const FIND: &str = include_str!("../../sql/freshness/find.sql");
const FULL_TABLES: &str = include_str!("../../sql/freshness/full_tables.sql");
const RECORD_RUN: &str = include_str!("../../sql/freshness/record_run.sql");
const RECORD_TABLES: &str = include_str!("../../sql/freshness/record_tables.sql");
const FORGET: &str = include_str!("../../sql/freshness/forget.sql");

/// A step of a run that has changed tables of the target.
#[derive(Clone, Debug)]
pub struct Run {
    /// The run's id, as in the log.
    pub id: String,
    /// Such as `live`, `archive` or `incremental`.
    pub method: String,
    /// When the step started.
    pub started_at: SystemTime,
    /// The moment of the source that was copied, if it is known.
    pub snapshot_at: Option<SystemTime>,
    /// Whether all tables are equal to the source's; `None` if they were not compared.
    pub verified: Option<bool>,
    /// Whether the tables are all that a full copy makes: others of mode `full` are gone.
    pub is_full: bool,
    /// The tables.
    pub tables: Vec<FreshTable>,
}

/// What is known of a run when it begins.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// The run's id, as in the log.
    pub id: String,
    /// Such as `live`, `archive` or `incremental`.
    pub method: String,
    /// When the step started.
    pub started_at: SystemTime,
}

impl Run {
    /// A run with what it found out. `tables`: `None` for all that a full copy makes.
    #[must_use]
    pub fn of(start: RunStart, facts: &CopyFacts, tables: Option<Vec<FreshTable>>) -> Self {
        let compared = &facts.compared;
        Self {
            id: start.id,
            method: start.method,
            started_at: start.started_at,
            snapshot_at: facts.snapshot_at,
            verified: (!compared.is_empty()).then(|| compared.values().all(|one| one.is_equal)),
            is_full: tables.is_none(),
            tables: tables.unwrap_or_default(),
        }
    }
}

/// A table that was copied.
#[derive(Clone, Debug)]
pub struct FreshTable {
    /// The table.
    pub name: TableName,
    /// Its number of rows, if it was counted.
    pub rows: Option<u64>,
    /// How it is copied: `full`, `incremental` …
    pub mode: &'static str,
    /// Whether it is equal to the source's table; `None` if they were not compared.
    pub verified: Option<bool>,
}

impl FreshTable {
    /// With what a copy found out about the table.
    #[must_use]
    pub fn new(name: TableName, mode: &'static str, facts: &CopyFacts) -> Self {
        let compared = facts.compared.get(&name.to_string());
        let copied = facts.rows.get(&format!("{}.{}", name.schema, name.name));
        let rows = copied.copied().or(compared.map(|one| one.rows));
        Self { rows, mode, verified: compared.map(|one| one.is_equal), name }
    }
}

const FULL: &str = "full";

/// The tables that a full copy has made on the target, which are there now, without the tables `kept` (oids). `schema`:
/// where it is going to be written down.
///
/// # Errors
/// The server's error.
pub(crate) async fn full_tables(
    client: &(impl GenericClient + Sync),
    schema: &str,
    kept: &[Oid],
    facts: &CopyFacts,
) -> Result<Vec<FreshTable>, Error> {
    let rows = client.query(FULL_TABLES, &[&kept, &schema]).await?;
    let name = |row: &tokio_postgres::Row| {
        TableName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"))
    };
    Ok(rows.iter().map(|row| FreshTable::new(name(row), FULL, facts)).collect())
}

/// The tables that an incremental copy with `mode` updates.
#[must_use]
pub fn updated_tables(mode: &BackupMode, facts: &CopyFacts) -> Vec<FreshTable> {
    let named = |mode| if mode == TableMode::Upsert { "upsert" } else { "incremental" };
    mode.updated()
        .map(|(name, rule)| FreshTable::new(name.clone(), named(rule.mode), facts))
        .collect()
}

/// Writes down a run and its tables, in the transaction of `client` if there is one. The schema and its tables are
/// created if they are missing.
///
/// # Errors
/// The server's error.
pub async fn record(
    client: &(impl GenericClient + Sync),
    schema: &str,
    run: &Run,
) -> Result<(), Error> {
    let quoted = quote_identifier(schema);
    let sql = |text: &str| text.replace(":schema", &quoted);
    if find(client, schema).await?.len() < 2 {
        client.batch_execute(&sql(CREATE)).await?;
    }
    let Run { id, method, started_at, snapshot_at, verified, .. } = run;
    client.execute(&sql(RECORD_RUN), &[id, method, started_at, snapshot_at, verified]).await?;
    if run.is_full {
        let others = format!("DELETE FROM {quoted}.copied_table WHERE mode = $1");
        client.execute(&others, &[&FULL]).await?;
    }
    let each = || run.tables.iter();
    let schemas: Vec<&str> = each().map(|table| table.name.schema.as_str()).collect();
    let names: Vec<&str> = each().map(|table| table.name.name.as_str()).collect();
    let rows: Vec<Option<i64>> =
        each().map(|table| table.rows.and_then(|rows| i64::try_from(rows).ok())).collect();
    let modes: Vec<&str> = each().map(|table| table.mode).collect();
    let are_verified: Vec<Option<bool>> = each().map(|table| table.verified).collect();
    client
        .execute(
            &sql(RECORD_TABLES),
            &[&schemas, &names, &rows, &modes, &are_verified, id, snapshot_at],
        )
        .await?;
    client.execute(&sql(FORGET), &[]).await.map(|_| ())
}

/// [`record`] over a connection of its own, in one transaction. The tables of a full run are those that are on the
/// target now.
///
/// # Errors
/// [`crate::Error::Database`], [`crate::Error::Unreachable`].
pub async fn record_now(
    target: &DatabaseUrl,
    schema: &str,
    mode: &BackupMode,
    facts: &CopyFacts,
    mut run: Run,
) -> Result<(), crate::Error> {
    let mut connection = Connection::open(target, "pg-replicate freshness").await?;
    let kept = catalog::oids(&catalog::kept_tables(&connection, mode).await?);
    let write = async {
        let transaction = connection.transaction().await?;
        if run.is_full {
            run.tables = full_tables(&transaction, schema, &kept, facts).await?;
        }
        record(&transaction, schema, &run).await?;
        transaction.commit().await
    };
    let written = write.await;
    written.map_err(|error| {
        crate::Error::database(
            target,
            format!("write down in the schema {schema} what was copied"),
            &error,
        )
    })
}

/// The moment of the source that the last full copy shows, for people.
///
/// # Errors
/// The server's error.
pub(crate) async fn last_moment(
    client: &(impl GenericClient + Sync),
    schema: &str,
) -> Result<Option<String>, Error> {
    let sql = format!(
        "SELECT pg_catalog.max(snapshot_at)::text FROM {}.copied_table WHERE mode = $1",
        quote_identifier(schema)
    );
    Ok(client.query_one(&sql, &[&FULL]).await?.get(0))
}

/// The oids of the tables, if they are there and ours.
pub(crate) async fn find(
    client: &(impl GenericClient + Sync),
    schema: &str,
) -> Result<Vec<Oid>, Error> {
    Ok(client.query(FIND, &[&schema]).await?.iter().map(|row| row.get("oid")).collect())
}

/// Why a schema cannot be that of the freshness tables, from its name alone.
#[must_use]
pub fn wrong_schema(name: &str) -> Option<&'static str> {
    let is_taken = name == "public" || name == "information_schema" || name.starts_with("pg_");
    let is_ours = ["replication_preserved", "replication_next_", "replication_old_"];
    if name.len() > 63 || name.contains('\0') {
        Some("must be a schema's name of at most 63 bytes")
    } else if is_taken || is_ours.iter().any(|ours| name.starts_with(ours)) {
        Some(
            "must be a schema that nothing else uses: neither public, pg_…, information_schema nor replication_preserved, replication_next_… or replication_old_…",
        )
    } else {
        None
    }
}
