//! Foreign keys that are not checked again, in a restore of an archive.

use super::FullCopy;
use super::definition::{self, ForeignKey};
use super::ignorable::Judge;
use super::pass::verdict;
use super::restore_log::Failure;
use crate::archive::Entry;
use crate::connection::Connection;
use crate::{Context, Error, ForeignKeys, ObjectFailure};

/// What pg_restore restores, and the keys that are added here, for it can only check them.
pub(super) fn set_apart(
    copy: &FullCopy,
    entries: &[Entry],
) -> (Vec<Entry>, Vec<(Entry, ForeignKey)>) {
    let mut keys = Vec::new();
    let mut others = Vec::new();
    for entry in entries {
        let key = if copy.foreign_keys == ForeignKeys::NotValid
            && entry.kind == "FK CONSTRAINT"
            && !entry.is_garbled
        {
            definition::foreign_key(&entry.definition)
        } else {
            None
        };
        match key {
            Some(key) => keys.push((entry.clone(), key)),
            None => others.push(entry.clone()),
        }
    }
    (others, keys)
}

/// Adds them; answers those that could not be.
pub(super) async fn add(
    copy: &FullCopy,
    keys: &[(Entry, ForeignKey)],
    judge: &mut Judge<'_>,
    context: &Context,
) -> Result<Vec<ObjectFailure>, Error> {
    let mut failures = Vec::new();
    if keys.is_empty() {
        return Ok(failures);
    }
    let target = Connection::open_for(context, &copy.target, "pg-replicate restore keys").await?;
    for (entry, key) in keys {
        let sql = format!("{} {}", key.alter, key.add);
        let run = async {
            let done = target.batch_execute(&sql).await;
            done.map_err(|error| target.error(format!("create {entry} on the target"), &error))
        };
        match target.run(context, run).await {
            Ok(()) => {}
            Err(Error::Database { reason: message, .. }) => {
                failures.extend(verdict(judge, &Failure { entry: Some(entry.id), message }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(failures)
}
