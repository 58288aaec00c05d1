//! What the tests share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use http_requests::RetryLimits;
use media_sync::{Action, Error, MediaSync, Request, Settings, Side};
use object_store::{ObjectStore, ObjectStoreExt};
use object_stores::StoreLimits;
use progress::{Context, Summary};

/// No deletion, no dry run.
pub(crate) const COPY: Request = Request { deletes: false, is_dry: false, is_forced: false };
pub(crate) const MIRROR: Request = Request { deletes: true, ..COPY };
pub(crate) const DRY: Request = Request { is_dry: true, ..MIRROR };
pub(crate) const FORCED: Request = Request { is_forced: true, ..MIRROR };

/// Long ago.
pub(crate) const OLD: &str = "2026-01-01T00:00:00Z";
/// After any run of these tests.
pub(crate) const LATER: &str = "2126-01-01T00:00:00Z";

pub(crate) fn settings() -> Settings {
    Settings { jobs: 4, public_read: false, max_delete: 50, directory: std::env::temp_dir() }
}

/// Tried again twice, soon.
pub(crate) fn limits() -> StoreLimits {
    StoreLimits {
        silence: Duration::from_secs(30),
        retry: RetryLimits {
            retries: 2,
            first_wait: Duration::from_millis(10),
            longest_wait: Duration::from_millis(20),
            longest_asked_wait: Duration::from_millis(20),
        },
    }
}

pub(crate) fn side(url: &str, environment: Vec<(String, String)>) -> Side {
    Side::new(url, "MEDIA_SOURCE_", environment).unwrap()
}

/// What a run did: its summary's phases as `copy=3`, and what it said that it would do.
pub(crate) async fn run(
    sync: &MediaSync,
    request: Request,
) -> Result<(String, Vec<String>), Error> {
    let mut lines = Vec::new();
    let summary = sync
        .run(request, &Context::quiet(), |action| {
            lines.push(match action {
                Action::Copy { key, reason, .. } => format!("copy {key} ({reason})"),
                Action::Delete { key, .. } => format!("delete {key}"),
            });
        })
        .await?;
    Ok((phases(&summary), lines))
}

pub(crate) fn phases(summary: &Summary) -> String {
    let phases = summary.phases.iter().map(|phase| format!("{}={}", phase.name, phase.objects));
    phases.collect::<Vec<_>>().join(" ")
}

/// All objects of a store, and their content.
pub(crate) async fn contents(store: &Arc<dyn ObjectStore>) -> BTreeMap<String, Vec<u8>> {
    let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut found = BTreeMap::new();
    for object in objects {
        let bytes = store.get(&object.location).await.unwrap().bytes().await.unwrap();
        found.insert(object.location.to_string(), bytes.to_vec());
    }
    found
}

/// Bytes that repeat nowhere near a part's size.
pub(crate) fn large(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8 ^ (place >> 16) as u8).collect()
}
