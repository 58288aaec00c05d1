//! Inventory of the snapshots below the prefix of a store.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use object_stores::{Listed, ObjectPlace, reason};

use crate::entry::{Entry, EntryState};
use crate::error::Error;
use crate::manifest::Sidecar;
use crate::name::{Name, SIDECAR};

/// Number of manifests read in parallel.
const READ_AT_ONCE: usize = 8;

/// Upper limit for the size of a manifest, enough for some hundred thousand tables.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// All snapshots in a store, complete or not.
#[derive(Debug)]
pub(crate) struct Inventory<'a> {
    pub(crate) place: &'a ObjectPlace,
    /// Newest first.
    pub(crate) items: Vec<Item>,
}

/// The two objects of a snapshot, at least one of which exists.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) name: Name,
    pub(crate) archive: Option<ObjectMeta>,
    pub(crate) sidecar: Option<ObjectMeta>,
}

impl<'a> Inventory<'a> {
    /// Lists the names of all objects without reading them.
    pub(crate) async fn look(place: &'a ObjectPlace) -> Result<Self, Error> {
        let listed = place.store.list_with_delimiter(Some(&place.path)).await;
        let listed = match listed {
            Ok(listed) => listed.objects,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            // Not a snapshot, because snapshots have no unusual names.
            Err(object_store::Error::InvalidPath { .. }) => without_odd_names(place)
                .await
                .map_err(|error| refused(place, "list what is in", &error))?,
            Err(error) => return Err(refused(place, "list what is in", &error)),
        };
        let mut found: BTreeMap<String, Item> = BTreeMap::new();
        for object in listed {
            let Some(text) = direct_child(place, &object) else { continue };
            let (text, is_sidecar) = match text.strip_suffix(SIDECAR) {
                Some(archive) => (archive.to_owned(), true),
                None => (text, false),
            };
            let Ok(name) = text.parse::<Name>() else { continue };
            let item = found.entry(text).or_insert(Item { name, archive: None, sidecar: None });
            let part = if is_sidecar { &mut item.sidecar } else { &mut item.archive };
            *part = Some(object);
        }
        let mut items: Vec<Item> = found.into_values().collect();
        items.sort_by_key(|item| std::cmp::Reverse((item.name.taken_at, item.name.to_string())));
        Ok(Self { place, items })
    }

    /// Reads an item's manifest; `None` if the item has been removed in the meantime.
    pub(crate) async fn read(&self, item: &Item) -> Result<Option<Entry>, Error> {
        Ok(self.read_with_sidecar(item).await?.map(|(entry, _)| entry))
    }

    /// [`Inventory::read`], with the whole manifest of a good archive.
    pub(crate) async fn read_with_sidecar(
        &self,
        item: &Item,
    ) -> Result<Option<(Entry, Option<Sidecar>)>, Error> {
        let Some(read) = self.sidecar(item).await? else { return Ok(None) };
        let (state, sidecar) = match read {
            Ok(sidecar) => (EntryState::Good(Box::new(sidecar.manifest.clone())), Some(sidecar)),
            Err(state) => (state, None),
        };
        let entry = Entry {
            name: item.name.to_string(),
            database: item.name.database.clone(),
            taken_at: item.name.taken_at,
            bytes: item.archive.as_ref().map_or(0, |archive| archive.size),
            is_encrypted: item.name.is_encrypted,
            state,
        };
        Ok(Some((entry, sidecar)))
    }

    /// Reads all manifests.
    pub(crate) async fn read_all(&self) -> Result<Vec<Entry>, Error> {
        // Not mapped in the stream, because the compiler could not prove that such a future is Send.
        let reading: Vec<_> = self.items.iter().map(|item| self.read(item)).collect();
        let reading = stream::iter(reading).buffered(READ_AT_ONCE);
        let entries: Vec<Result<Option<Entry>, Error>> = reading.collect().await;
        entries.into_iter().filter_map(Result::transpose).collect()
    }

    async fn sidecar(&self, item: &Item) -> Result<Option<Result<Sidecar, EntryState>>, Error> {
        let Some(sidecar) = &item.sidecar else { return Ok(Some(Err(EntryState::Unfinished))) };
        let damaged = |reason: String| Ok(Some(Err(EntryState::Damaged(reason))));
        let Some(archive) = &item.archive else {
            return damaged("its archive is missing, only its manifest exists".into());
        };
        if sidecar.size > LARGEST_MANIFEST {
            return damaged(format!("its manifest has {} bytes", sidecar.size));
        }
        let got = self.place.store.get(&sidecar.location).await;
        let bytes = match got {
            Ok(got) => got.bytes().await,
            Err(error) => Err(error),
        };
        let json = match bytes {
            Ok(json) => json,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => {
                let action = format!("read {} in", sidecar.location);
                return Err(refused(self.place, &action, &error));
            }
        };
        let sidecar = match Sidecar::read(&json) {
            Ok(sidecar) => sidecar,
            Err(reason) => return damaged(reason),
        };
        let name = item.name.to_string();
        if sidecar.archive.name != name {
            return damaged(format!("its manifest is that of {}", sidecar.archive.name));
        }
        if sidecar.archive.bytes != archive.size {
            return damaged(format!(
                "its archive has {} bytes, and its manifest says {}",
                archive.size, sidecar.archive.bytes
            ));
        }
        Ok(Some(Ok(sidecar)))
    }
}

/// The objects directly below the place whose names can be read.
async fn without_odd_names(place: &ObjectPlace) -> object_store::Result<Vec<ObjectMeta>> {
    let listed = place.list().try_filter_map(|listed| {
        let found = match listed {
            Listed::Object { key, size, modified } if !key.contains('/') => Some(ObjectMeta {
                location: path(place, &key),
                last_modified: modified,
                size,
                e_tag: None,
                version: None,
            }),
            _ => None,
        };
        std::future::ready(Ok(found))
    });
    listed.try_collect().await
}

/// The object's name; `None` for objects in subdirectories, which some stores list too.
fn direct_child(place: &ObjectPlace, object: &ObjectMeta) -> Option<String> {
    let mut parts = object.location.prefix_match(&place.path)?;
    let name = parts.next()?.as_ref().to_owned();
    parts.next().is_none().then_some(name)
}

/// The path of an object of this name.
pub(crate) fn path(place: &ObjectPlace, name: &str) -> Path {
    place.path.clone().join(name)
}

/// The store's error during `action`, which changed nothing.
pub(crate) fn refused(place: &ObjectPlace, action: &str, error: &object_store::Error) -> Error {
    let (place, reason) = (place.shown().to_owned(), reason(error));
    let network = ["error sending request", "operation timed out", "Connect"];
    if network.iter().any(|text| reason.contains(text)) {
        return Error::Unreachable { place, reason };
    }
    Error::Store { action: action.into(), place, reason }
}

/// The snapshots below the prefix of `store`, newest first, including unusable ones.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Store`].
pub async fn list(store: &ObjectPlace) -> Result<Vec<Entry>, Error> {
    Inventory::look(store).await?.read_all().await
}
