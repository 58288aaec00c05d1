//! All objects below a prefix, in the order of their keys, without holding them all.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, Result};

/// Pages that are fetched while those before are compared.
const AHEAD: usize = 2_000;

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Below the prefix.
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) modified: DateTime<Utc>,
}

/// How a store lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By the bytes of the keys, as S3, Azure and Google do.
    ByKey,
    /// Somehow, as a directory does: each directory is sorted here, so that the widest one has to fit
    /// into memory, but not the whole tree.
    Directories,
}

/// What `objects` yields, as it comes, fetched ahead by a task of its own.
///
/// The end is told apart from a task that has died: a list that is short without a word would have
/// what it lacks deleted.
pub(crate) fn ahead(
    mut objects: BoxStream<'static, Result<Found>>,
) -> (impl futures_util::Stream<Item = Result<Found>> + Unpin, tokio::task::JoinSet<()>) {
    let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        loop {
            let next = objects.try_next().await;
            let is_last = !matches!(next, Ok(Some(_)));
            if sender.send(next).await.is_err() || is_last {
                break;
            }
        }
    });
    let received = stream::try_unfold(receiver, async |mut receiver| match receiver.recv().await {
        Some(next) => Ok(next?.map(|found| (found, receiver))),
        None => Err(object_store::Error::Generic {
            store: "media-sync",
            source: "the list broke off".into(),
        }),
    });
    (received.boxed(), task)
}

/// Lists what is below `prefix`.
pub(crate) fn sorted(
    store: &Arc<dyn ObjectStore>,
    prefix: &Path,
    order: Order,
) -> BoxStream<'static, Result<Found>> {
    let below = (!prefix.is_root()).then(|| prefix.clone());
    let objects = match order {
        Order::ByKey => store.list(below.as_ref()),
        Order::Directories => by_directory(Arc::clone(store), prefix.clone()).boxed(),
    };
    let cut = if prefix.is_root() { 0 } else { prefix.as_ref().len() + 1 };
    let found = objects.map_ok(move |object| Found {
        key: object.location.as_ref().get(cut..).unwrap_or_default().to_owned(),
        size: object.size,
        modified: object.last_modified,
    });
    without_markers(found.boxed())
}

/// An object or a directory, and what it is sorted by.
struct Item(String, Option<ObjectMeta>);

fn by_directory(
    store: Arc<dyn ObjectStore>,
    top: Path,
) -> impl futures_util::Stream<Item = Result<ObjectMeta>> {
    // What comes next stands last.
    let stack = vec![Item(top.to_string(), None)];
    stream::try_unfold((store, stack), async |(store, mut stack)| {
        while let Some(item) = stack.pop() {
            let directory = match item {
                Item(_, Some(object)) => return Ok(Some((object, (store, stack)))),
                Item(directory, None) => Path::parse(directory)?,
            };
            let below = (!directory.is_root()).then_some(&directory);
            let listed = store.list_with_delimiter(below).await?;
            let directories =
                listed.common_prefixes.into_iter().map(|path| Item(format!("{path}/"), None));
            let objects = listed
                .objects
                .into_iter()
                .map(|object| Item(object.location.to_string(), Some(object)));
            let mut items: Vec<Item> = directories.chain(objects).collect();
            items.sort_unstable_by(|one, other| other.0.cmp(&one.0));
            stack.append(&mut items);
        }
        Ok(None)
    })
}

/// Leaves out what consoles put in place of a directory: an object without bytes whose key ends in
/// a slash, which `object_store` does not show. It stands before what is below it, or out of order.
/// Anything else that is out of order is an error: two lists could not be compared.
fn without_markers(
    objects: BoxStream<'static, Result<Found>>,
) -> BoxStream<'static, Result<Found>> {
    // The last object is held while the end of the list is seen.
    let state = (objects.fuse(), None::<Found>);
    stream::try_unfold(state, async |(mut objects, mut held)| {
        loop {
            let next = objects.try_next().await?;
            let Some(next) = next else {
                return Ok(held.map(|last| (last, (objects, None))));
            };
            let Some(last) = held.take() else {
                held = Some(next);
                continue;
            };
            match last.key.as_str().cmp(&next.key) {
                Ordering::Less => {
                    let is_directory = next.key.strip_prefix(&last.key);
                    if last.size == 0 && is_directory.is_some_and(|rest| rest.starts_with('/')) {
                        held = Some(next);
                        continue;
                    }
                    return Ok(Some((last, (objects, Some(next)))));
                }
                _ if next.size == 0 => held = Some(last),
                _ => {
                    return Err(object_store::Error::Generic {
                        store: "media-sync",
                        source: format!(
                            "it lists \"{}\" after \"{}\": only stores that list in the order of keys can be \
                             compared (directory buckets of S3 do not)",
                            next.key, last.key
                        )
                        .into(),
                    });
                }
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str, size: u64) -> Result<Found> {
        Ok(Found { key: key.into(), size, modified: DateTime::<Utc>::UNIX_EPOCH })
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_an_error() {
        let broken = stream::iter([found("a", 1)])
            .chain(stream::once(async { panic!("a bug in a store, on purpose") }));
        let (mut objects, _task) = ahead(broken.boxed());
        assert_eq!(objects.try_next().await.unwrap().unwrap().key, "a");
        let error = objects.try_next().await.unwrap_err().to_string();
        assert!(error.contains("broke off"), "{error}");
        let whole = stream::iter([found("a", 1), found("b", 1)]);
        let (objects, _task) = ahead(whole.boxed());
        assert_eq!(objects.try_collect::<Vec<_>>().await.unwrap().len(), 2);
    }

    async fn keys(objects: Vec<Result<Found>>) -> Result<Vec<String>> {
        let listed = without_markers(stream::iter(objects).boxed());
        listed.map_ok(|found| found.key).try_collect().await
    }

    #[tokio::test]
    async fn keys_must_be_in_order_but_for_markers() {
        let listed = vec![found("a-b", 1), found("a", 0), found("a/b", 1), found("c", 0)];
        assert_eq!(keys(listed).await.unwrap(), ["a-b", "a/b", "c"]);
        assert!(keys(vec![]).await.unwrap().is_empty());
        let error = keys(vec![found("b", 1), found("a", 1)]).await.unwrap_err().to_string();
        assert!(error.contains("lists \"a\" after \"b\""), "{error}");
        assert!(keys(vec![found("b", 1), found("b", 1)]).await.is_err(), "twice");
    }
}
