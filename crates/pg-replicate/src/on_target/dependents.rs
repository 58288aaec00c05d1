//! Dependents of objects that are dropped.

use std::fmt;

use tokio_postgres::types::Oid;
use tokio_postgres::{Error, GenericClient};

use crate::postgres::catalog::with_owners;

const DEPENDENTS: &str = include_str!("../../sql/on_target/dependents.sql");

/// An object that `DROP … CASCADE` drops too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Class, oid and column, or 0, as in `pg_depend`.
    pub(super) address: (Oid, Oid, i32),
    /// Our role may act as the owner.
    pub(super) may_be_theirs: bool,
    /// Such as `view reports.totals`, as described by the server.
    pub object: String,
    /// Its owner.
    pub owner: String,
    /// Whether something is lost that its definition does not restore: rows, a sequence's value.
    pub holds_rows: bool,
    /// The statement that creates it, if the server provides it.
    pub definition: Option<String>,
}

/// The dependents of the objects (`classes` and `oids`), except their own parts, in the order in which they
/// were created. `all`: including those of the role itself. Foreign keys of the tables `kept` are left out.
///
/// # Errors
/// The server's error.
pub async fn dependents(
    client: &(impl GenericClient + Sync),
    classes: &[Oid],
    oids: &[Oid],
    all: bool,
    kept: &[Oid],
) -> Result<Vec<Dependent>, Error> {
    let rows = client.query(&with_owners(DEPENDENTS), &[&classes, &oids, &all, &kept]).await?;
    Ok(rows
        .iter()
        .map(|row| Dependent {
            address: (row.get("classid"), row.get("objid"), row.get("objsubid")),
            may_be_theirs: row.get("may_be_theirs"),
            object: row.get("object"),
            owner: row.get("owner"),
            holds_rows: row.get("holds_rows"),
            definition: row.get("definition"),
        })
        .collect())
}

/// Why nothing may be dropped: a dependent has rows.
#[must_use]
pub fn refusal(dependents: &[Dependent]) -> Option<String> {
    let rows = dependents.iter().filter(|one| one.holds_rows);
    let names: Vec<String> = rows.map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        format!(
            "they depend on objects that are replaced, and their rows would be lost: {}; move them to \
             where they do not depend on them, or make the target's role their owner, or set \
             DROP_DEPENDENTS=true to have them dropped",
            names.join(", ")
        )
    })
}

impl Dependent {
    /// Whether it is written down and created again after the copy.
    #[must_use]
    pub fn is_preserved(&self) -> bool {
        self.definition.is_some() && !self.holds_rows
    }

    /// Logs that it is dropped, and its definition.
    pub fn announce(&self) {
        let Self { object, owner, definition, .. } = self;
        match definition {
            Some(definition) if self.is_preserved() => tracing::info!(
                object,
                owner,
                "{self} depends on a dropped object; it is created again after the copy: {definition}"
            ),
            _ => tracing::warn!(
                object,
                owner,
                "{self} depends on a dropped object and is dropped with it; its definition: {}",
                definition.as_deref().unwrap_or("(the server does not know its definition)")
            ),
        }
    }
}

impl fmt::Display for Dependent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (of role {})", self.object, self.owner)
    }
}
