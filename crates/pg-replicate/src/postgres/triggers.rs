//! Triggers and rules that must not fire while rows are copied, because a copied row has already fired
//! those of the source.
//!
//! They are disabled in the transaction that writes the rows, and restored before it is committed; a
//! rollback restores them too.

use std::fmt::{self, Write};

use crate::postgres::connection::Connection;
use crate::postgres::identifier::quote_identifier;
use crate::{Error, TableName};

const TRIGGERS: &str = include_str!("../../sql/triggers.sql");

/// A user's trigger, or a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// Its table's oid.
    pub(crate) table: u32,
    pub(crate) table_name: TableName,
    /// `TRIGGER` or `RULE`.
    kind: String,
    pub(crate) name: String,
    /// The clause of ALTER TABLE that restores its state, such as `ENABLE ALWAYS`.
    state: String,
    /// Whether the role owns its table, so that it can be disabled.
    pub(crate) is_ours: bool,
}

impl Trigger {
    /// Whether it is a rule.
    pub(crate) fn is_rule(&self) -> bool {
        self.kind == "RULE"
    }

    /// Whether it may fire.
    pub(crate) fn is_on(&self) -> bool {
        self.state != "DISABLE"
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.to_lowercase();
        write!(formatter, "{kind} \"{}\" of {}", self.name, self.table_name)
    }
}

/// Those of the tables `of` (oids), or of all; those of partitioned tables first.
pub(crate) async fn read(
    connection: &Connection,
    of: Option<&[u32]>,
) -> Result<Vec<Trigger>, Error> {
    let rows = connection
        .query(TRIGGERS, &[&of])
        .await
        .map_err(|error| connection.error("read the triggers and rules", &error))?;
    let text = |row: &tokio_postgres::Row, column: &str| row.get::<_, String>(column);
    Ok(rows
        .iter()
        .map(|row| Trigger {
            table: row.get("table"),
            table_name: TableName::new(text(row, "schema"), text(row, "table_name")),
            kind: text(row, "kind"),
            name: text(row, "name"),
            state: text(row, "state"),
            is_ours: row.get("is_ours"),
        })
        .collect())
}

/// Disables them. Meanwhile, others may read such a table, but not one with a rule.
pub(crate) async fn disable(connection: &Connection, triggers: &[Trigger]) -> Result<(), Error> {
    alter(connection, "disable triggers and rules", triggers, |_| "DISABLE").await
}

/// Restores their states. Deferred constraints of the tables must have been checked before, because a table
/// with pending checks cannot be altered.
pub(crate) async fn restore(connection: &Connection, triggers: &[Trigger]) -> Result<(), Error> {
    alter(connection, "bring triggers and rules back to their state", triggers, |one| &one.state)
        .await
}

async fn alter(
    connection: &Connection,
    action: &str,
    triggers: &[Trigger],
    state: impl Fn(&Trigger) -> &str,
) -> Result<(), Error> {
    let mut sql = String::new();
    // Partitioned tables come before their partitions, whose triggers follow them.
    for trigger in triggers.iter().filter(|one| one.is_on()) {
        let (table, name) = (trigger.table_name.quoted(), quote_identifier(&trigger.name));
        let _ =
            writeln!(sql, "ALTER TABLE ONLY {table} {} {} {name};", state(trigger), trigger.kind);
    }
    if sql.is_empty() {
        return Ok(());
    }
    connection.batch_execute(&sql).await.map_err(|error| connection.error(action, &error))
}
