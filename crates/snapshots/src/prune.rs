//! Pruning: after a good snapshot, `latest` is updated and snapshots that the policy does not select are
//! removed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, PutPayload};
use object_stores::{ObjectPlace, reason};
use progress::Context;
use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::error::{Error, until_cancelled};
use crate::inventory::{Inventory, Item, path};
use crate::latest;
use crate::name::latest as pointer;
use crate::settings::Settings;
use crate::stale_uploads;

/// An incomplete snapshot of this age is no longer being uploaded.
const UNFINISHED_FOR: TimeDelta = TimeDelta::days(1);

/// Time limit for removing a failed upload after a cancellation.
const REMOVE_LIMIT: Duration = Duration::from_secs(5);

/// The object that names the newest good snapshot, for other programs and for people. This program does not
/// read it to select a snapshot.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    name: String,
    taken_at: DateTime<Utc>,
}

/// Points to the good snapshot `newest` and prunes; returns the names of the pruned snapshots. Skips what
/// is done already.
pub(crate) async fn run(
    settings: &Settings,
    label: &str,
    newest: &Entry,
    now: DateTime<Utc>,
    context: &Context,
) -> Result<Vec<String>, Error> {
    let store = &settings.store;
    let unfinished = |(action, reason): (String, String)| Error::Unfinished {
        name: newest.name.clone(),
        action,
        place: store.shown().into(),
        reason,
    };
    let work = async {
        let inventory = Inventory::look(store).await;
        let mut inventory =
            inventory.map_err(|error| unfinished(("list".into(), error.to_string())))?;
        inventory.items.retain(|item| item.name.database == label);
        let is_newest = point(&inventory, store, label, newest).await.map_err(unfinished)?;
        if settings.latest_archive && is_newest {
            let action = || format!("make the newest archive of {label} of it in");
            let copied = latest::copy(store, newest, &context.cancel).await;
            copied.map_err(|reason| unfinished((action(), reason)))?;
        }
        stale_uploads::remove(store, label).await;
        prune(settings, inventory, now).await.map_err(unfinished)
    };
    until_cancelled(context, work).await
}

type Refusal = (String, String);

/// Returns whether it is the newest.
async fn point(
    inventory: &Inventory<'_>,
    store: &ObjectPlace,
    label: &str,
    newest: &Entry,
) -> Result<bool, Refusal> {
    let path = path(store, &pointer(label));
    let refusal =
        |error: object_store::Error| (format!("write {} in", pointer(label)), reason(&error));
    let wanted = Pointer { name: newest.name.clone(), taken_at: newest.taken_at };
    let found = match store.store.get(&path).await {
        Ok(found) => Some(found.bytes().await.map_err(refusal)?),
        Err(object_store::Error::NotFound { .. }) => None,
        Err(error) => return Err(refusal(error)),
    };
    let found = found.and_then(|json| serde_json::from_slice::<Pointer>(&json).ok());
    // Another program may have taken a newer one in the meantime.
    let is_newer = |found: &Pointer| {
        let mut whole = inventory.items.iter().filter(|item| is_whole(item));
        found.taken_at > newest.taken_at && whole.any(|item| item.name.to_string() == found.name)
    };
    if let Some(found) = found {
        if found == wanted {
            return Ok(true);
        }
        if is_newer(&found) {
            return Ok(false);
        }
    }
    let json = serde_json::to_vec_pretty(&wanted)
        .map_err(|error| (format!("write {} in", pointer(label)), error.to_string()))?;
    store.store.put(&path, PutPayload::from(json)).await.map_err(refusal)?;
    Ok(true)
}

/// Removes the snapshots that are not kept, and the remains of interrupted uploads.
///
/// A program removes a snapshot only if it has seen a newer good one, so the newest stays whatever other
/// programs do at the same time.
async fn prune(
    settings: &Settings,
    mut inventory: Inventory<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<String>, Refusal> {
    let store = &settings.store;
    let (whole, halves): (Vec<Item>, Vec<Item>) = inventory.items.drain(..).partition(is_whole);
    inventory.items = whole;
    for half in halves.iter().filter(|half| is_old(half, now)) {
        tracing::warn!("Removing {}, whose upload was broken off", half.name);
        end(store, half).await?;
    }
    let mut pruned = Vec::new();
    let words = |error: Error| ("prune".to_owned(), error.to_string());
    for item in superfluous(settings, &inventory).await.map_err(words)? {
        end(store, item).await?;
        tracing::info!("Pruned snapshot {}", item.name);
        pruned.push(item.name.to_string());
    }
    Ok(pruned)
}

/// The good snapshots that are not kept.
async fn superfluous<'s>(
    settings: &Settings,
    inventory: &'s Inventory<'_>,
) -> Result<Vec<&'s Item>, Error> {
    let beyond = |items: &[&'s Item]| -> Vec<&'s Item> {
        let times: Vec<DateTime<Utc>> = items.iter().map(|item| item.name.taken_at).collect();
        let kept = settings.keep.kept(&times);
        let places = (0..items.len()).filter(|place| !kept.contains(place));
        places.map(|place| items[place]).collect()
    };
    let all: Vec<&Item> = inventory.items.iter().collect();
    if beyond(&all).is_empty() {
        return Ok(Vec::new());
    }
    // A damaged snapshot must not count instead of a good one.
    let entries = inventory.read_all().await?;
    let is_good = |item: &&Item| {
        let name = item.name.to_string();
        entries.iter().any(|entry| entry.name == name && entry.manifest().is_some())
    };
    Ok(beyond(&all.into_iter().filter(is_good).collect::<Vec<_>>()))
}

fn is_whole(item: &Item) -> bool {
    item.archive.is_some() && item.sidecar.is_some()
}

fn is_old(half: &Item, now: DateTime<Utc>) -> bool {
    let objects = [&half.archive, &half.sidecar];
    objects.into_iter().flatten().all(|object| object.last_modified < now - UNFINISHED_FOR)
}

/// Removes the manifest first: an archive without one does not count.
async fn end(store: &ObjectPlace, item: &Item) -> Result<(), Refusal> {
    let objects: Vec<&Path> = [&item.sidecar, &item.archive]
        .into_iter()
        .flatten()
        .map(|one: &ObjectMeta| &one.location)
        .collect();
    for object in objects {
        delete(store, object)
            .await
            .map_err(|error| (format!("remove {} from", item.name), reason(&error)))?;
    }
    Ok(())
}

async fn delete(store: &ObjectPlace, object: &Path) -> object_store::Result<()> {
    match store.store.delete(object).await {
        // Another program was faster.
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        result => result,
    }
}

/// Removes the objects of a snapshot that could not be stored, within a time limit.
pub(crate) async fn remove(store: &ObjectPlace, objects: &[&Path]) -> object_store::Result<()> {
    let removing = async {
        for object in objects {
            delete(store, object).await?;
        }
        Ok(())
    };
    tokio::time::timeout(REMOVE_LIMIT, removing).await.unwrap_or_else(|_| {
        let source = "no answer in time".into();
        Err(object_store::Error::Generic { store: "remove", source })
    })
}
