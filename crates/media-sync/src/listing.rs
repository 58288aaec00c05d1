//! Listing of all objects below a prefix in key order, without holding them all in memory.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::Result;
use object_stores::{Listed, ObjectPlace};

use crate::error::MOST_NAMED;

/// Number of objects listed ahead while earlier ones are compared.
const AHEAD: usize = 2_000;

/// A listed object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Below the prefix.
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) modified: DateTime<Utc>,
}

/// The items of `objects`, fetched ahead by a separate task.
///
/// The end of the listing is distinguished from the death of the task: a listing that ended silently would
/// cause the missing objects to be deleted.
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
            source: "the listing was interrupted".into(),
        }),
    });
    (received.boxed(), task)
}

/// Objects that cannot be copied.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// The first ones, each with the reason.
    pub(crate) named: Vec<(String, String)>,
    pub(crate) count: u64,
}

impl Skipped {
    fn add(&mut self, key: String, reason: String) {
        self.count += 1;
        if self.named.len() < MOST_NAMED {
            // Escaped as in source code, because it may contain control characters.
            self.named.push((key.escape_debug().to_string(), reason));
        }
    }
}

/// Lists a place; objects that cannot be copied are recorded in `skipped`. `source` is the source's
/// directory, if there is one and this place is the target: a link that points into it is an error.
pub(crate) fn sorted(
    place: &ObjectPlace,
    source: Option<PathBuf>,
    skipped: Arc<Mutex<Skipped>>,
) -> BoxStream<'static, Result<Found>> {
    let found = place.list().try_filter_map(move |listed| {
        let found = match listed {
            Listed::Object { key, size, modified } => Some(Found { key, size, modified }),
            Listed::Unusable { key, reason } => {
                skipped.lock().unwrap_or_else(PoisonError::into_inner).add(key, reason);
                None
            }
            Listed::Link { key, directory } => {
                let leads_there = |source: &PathBuf| {
                    directory.starts_with(source) || source.starts_with(&directory)
                };
                if source.as_ref().is_some_and(leads_there) {
                    return std::future::ready(Err(leads_to_source(&key, &directory)));
                }
                None
            }
        };
        std::future::ready(Ok(found))
    });
    without_markers(found.boxed())
}

fn leads_to_source(key: &str, directory: &std::path::Path) -> object_store::Error {
    let source = format!(
        "the symbolic link \"{}\" points to {}, in the source, where files would be written and deleted: remove the link",
        key.escape_debug(),
        directory.display()
    );
    object_store::Error::Generic { store: "file", source: source.into() }
}

/// Skips the directory markers of consoles: empty objects whose keys end in a slash, which `object_store`
/// does not show. A marker may come before the objects below it, or out of order. Anything else that is out
/// of order is an error, because the listings could not be compared.
fn without_markers(
    objects: BoxStream<'static, Result<Found>>,
) -> BoxStream<'static, Result<Found>> {
    // The last object is held back until the end of the listing is known.
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
                            "it lists \"{}\" after \"{}\": only stores that list objects in key order can be \
                             compared (S3's directory buckets do not)",
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
        assert!(error.contains("was interrupted"), "{error}");
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
