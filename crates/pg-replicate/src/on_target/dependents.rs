//! What goes with an object that is dropped, though nobody asked for it.

use std::fmt;

use tokio_postgres::types::Oid;
use tokio_postgres::{Error, GenericClient};

use crate::postgres::catalog::with_owners;

const DEPENDENTS: &str = include_str!("../../sql/on_target/dependents.sql");

/// An object that `DROP … CASCADE` takes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Such as `view reports.totals`, as the server describes it.
    pub object: String,
    /// Its owner.
    pub owner: String,
    /// Whether something is lost that no definition brings back: rows, the value of a sequence.
    pub holds_rows: bool,
    /// What makes it again, where the server can tell.
    pub definition: Option<String>,
}

/// What goes with the objects (`classes` and `oids`) beside their own parts, in the order in which it
/// was made. `all`: also what belongs to our role. The foreign keys of the tables `kept` are left out.
///
/// # Errors
/// What the server said.
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
            object: row.get("object"),
            owner: row.get("owner"),
            holds_rows: row.get("holds_rows"),
            definition: row.get("definition"),
        })
        .collect())
}

/// Why nothing may be dropped: something of it holds rows.
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
    /// Says that it goes, and how it can be made again.
    pub fn announce(&self) {
        let Self { object, owner, definition, .. } = self;
        let definition =
            definition.as_deref().unwrap_or("(the server does not know its definition)");
        tracing::warn!(
            object,
            owner,
            "{self} depends on a dropped object and is dropped with it; its definition: {definition}"
        );
    }
}

impl fmt::Display for Dependent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (of role {})", self.object, self.owner)
    }
}
