//! Drift: what has changed in the source's tables since they were copied, and which views of analysts and rules
//! of `BACKUP_MODE` that touches. Only catalogs are read.

mod catalog;
mod report;
mod rules;

use crate::postgres::catalog::rows;
use crate::postgres::connection::{Connection, run_both};
use crate::{BackupMode, DatabaseUrl, Error, TableName};
use catalog::{Relation, Relations};
use progress::Context;

pub use report::{Change, ChangeKind, DriftReport, TouchedRule, User};

const APPLICATION: &str = "pg-replicate drift";
const USERS: &str = include_str!("../../sql/drift/users.sql");

/// A change, and where the target's catalog has what has changed: the oid of the table, and the number of the
/// column, or 0.
struct Found {
    change: Change,
    address: Option<(u32, i32)>,
}

/// Compares the tables and views that a full copy with `mode` makes with those of the target, and reads what depends
/// on them. Tables that `mode` keeps are not copied, and are left out; their rules are not.
///
/// A target without tables is not compared: nothing has been copied to it yet.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Unreachable`], [`Error::Database`].
pub async fn compare(
    source: &DatabaseUrl,
    target: &DatabaseUrl,
    mode: &BackupMode,
    context: &Context,
) -> Result<DriftReport, Error> {
    let source = Connection::open_for(context, source, APPLICATION).await?;
    let target = Connection::open_for(context, target, APPLICATION).await?;
    let work = async {
        let on_target = catalog::relations(&target, mode).await?;
        if !on_target.values().any(|one| one.is_ours && !one.is_view) {
            return Ok(DriftReport::default());
        }
        let mut found = changes(&catalog::relations(&source, mode).await?, &on_target);
        find_users(&target, &mut found).await?;
        // A partition is a part of its table, unless others need it by its own name.
        let is_part = |table: &TableName| on_target.get(table).is_some_and(|one| one.is_partition);
        found.retain(|one| !is_part(&one.change.table) || !one.change.used_by.is_empty());
        let changes: Vec<Change> = found.into_iter().map(|one| one.change).collect();
        let rules = rules::touched(&source, mode, &changes).await?;
        Ok(DriftReport { changes, rules })
    };
    run_both(&source, &target, context, work).await
}

fn changes(source: &Relations, target: &Relations) -> Vec<Found> {
    let mut found = Vec::new();
    for (table, relation) in source {
        match target.get(table) {
            Some(old) => found.extend(changed_columns(table, relation, old)),
            None if relation.is_partition => {}
            None => found.push(Found::new(table, ChangeKind::New)),
        }
    }
    // Views that only the target has may be those of the enrichment.
    let gone = |(table, old): &(&TableName, &Relation)| {
        old.is_ours && !old.is_view && !source.contains_key(*table)
    };
    found.extend(target.iter().filter(gone).map(|(table, old)| {
        let address = Some((old.oid, 0));
        Found { address, ..Found::new(table, ChangeKind::Gone) }
    }));
    found.sort_by(|one, other| one.change.table.cmp(&other.change.table));
    found
}

fn changed_columns<'a>(
    table: &'a TableName,
    new: &'a Relation,
    old: &'a Relation,
) -> impl Iterator<Item = Found> + 'a {
    let found = |kind, name: &str, before: Option<String>, after: Option<String>, number| {
        let Found { change, .. } = Found::new(table, kind);
        let change = Change { column: Some(name.to_owned()), before, after, ..change };
        Found { change, address: Some((old.oid, number)) }
    };
    let now = new.columns.iter().filter_map(move |column| match old.column(&column.name) {
        None => {
            let found =
                found(ChangeKind::New, &column.name, None, Some(column.definition.clone()), 0);
            Some(Found { address: None, ..found })
        }
        Some(before) if before.definition != column.definition => Some(found(
            ChangeKind::Changed,
            &column.name,
            Some(before.definition.clone()),
            Some(column.definition.clone()),
            before.number,
        )),
        Some(_) => None,
    });
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    now.chain(gone.map(move |column| {
        let before = Some(column.definition.clone());
        found(ChangeKind::Gone, &column.name, before, None, column.number)
    }))
}

impl Found {
    fn new(table: &TableName, change: ChangeKind) -> Self {
        let table = table.clone();
        let (column, before, after, used_by) = (None, None, None, Vec::new());
        Self { change: Change { table, column, change, before, after, used_by }, address: None }
    }
}

/// Reads which objects of other roles need what is gone or has changed.
async fn find_users(target: &Connection, found: &mut [Found]) -> Result<(), Error> {
    let mut on_target: Vec<&mut Found> =
        found.iter_mut().filter(|one| one.address.is_some()).collect();
    if on_target.is_empty() {
        return Ok(());
    }
    let (oids, numbers): (Vec<u32>, Vec<i32>) =
        on_target.iter().filter_map(|one| one.address).unzip();
    let action = "look for what others built on the tables";
    for row in rows(target, action, USERS, &[&oids, &numbers]).await? {
        let place = usize::try_from(row.get::<_, i64>("place") - 1).unwrap_or_default();
        let Some(one) = on_target.get_mut(place) else { continue };
        let breaks = one.change.change == ChangeKind::Gone;
        let (object, owner) = (row.get("object"), row.get("owner"));
        one.change.used_by.push(User { object, owner, breaks });
    }
    Ok(())
}
