//! What HTTP can do to a download beyond the suite.

use std::sync::Arc;
use std::time::Duration;

use test_servers::fakes::{DownloadFault, HerokuApi};

use crate::captured_log::Log;
use crate::stages::Stage;
use crate::support::{Fetching, dump, tar_gz};

fn started(bytes: Vec<u8>) -> (HerokuApi, Fetching) {
    let api = <HerokuApi as Stage>::start();
    api.put(Duration::from_secs(60), bytes);
    let fetching = Fetching::from(api.source());
    (api, fetching)
}

#[tokio::test]
async fn a_resumed_download_asks_for_the_same_version() {
    let (api, fetching) = started(dump(300_000));
    api.downloads().fail([DownloadFault::CutAfter(200_000)]);
    assert!(fetching.bytes().await == dump(300_000));
    let requests = api.downloads().requests();
    assert_eq!((requests[0].range.as_deref(), requests[0].if_range.as_deref()), (None, None));
    assert_eq!(requests[1].if_range.as_deref(), Some("\"version-1\""));
}

#[tokio::test]
async fn without_a_length_the_content_tells_its_end() {
    let (api, fetching) = started(tar_gz(&dump(300_000)).await);
    api.downloads().without_length();
    assert!(fetching.bytes().await == dump(300_000));
    api.downloads().fail([DownloadFault::CutAfter(100_000)]);
    assert!(fetching.bytes().await == dump(300_000));
}

#[tokio::test]
async fn a_listed_size_that_differs_is_said() {
    let log = Log::capture();
    let (api, fetching) = started(dump(1_000));
    api.downloads().put("60", dump(2_000));
    assert!(fetching.bytes().await == dump(2_000));
    assert!(log.text().contains("is listed with 1000 bytes, and its download has 2000"));
}

#[tokio::test]
async fn failures_count_anew_while_the_download_gets_on() {
    let wanted = dump(8 << 20);
    let (api, fetching) = started(wanted.clone());
    // More cuts than tries, each after more than a mebibyte.
    api.downloads().fail(vec![DownloadFault::CutAfter(1_300_000); 6]);
    assert!(fetching.bytes().await == wanted);
    assert_eq!(api.downloads().requests().len(), 7);
}

#[tokio::test]
async fn a_fetch_that_fails_replaces_nothing() {
    let (api, fetching) = started(dump(1_000));
    fetching.run().await.unwrap();
    api.downloads().put("60", "SELECT 1;");
    fetching.run().await.unwrap_err();
    assert!(std::fs::read(fetching.path()).unwrap() == dump(1_000), "the whole one stands");
    assert_eq!(fetching.left(), ["night.dump"]);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let (api, fetching) = started(dump(1_000));
    let _ = &api;
    let path = fetching.path().join("deeper/night.dump");
    let target = backup_sources::FetchTarget { path: &path, may_stay: false, share: 1.0 };
    let error = fetching.fetcher.fetch(target, &progress::Context::quiet()).await.unwrap_err();
    assert!(error.to_string().contains("deeper/night.dump.partial"), "{error}");
    let _: Arc<dyn backup_sources::BackupSource> = fetching.fetcher.source;
}

#[tokio::test]
async fn a_backup_larger_than_the_disk_is_refused_before_it_is_fetched() {
    let (api, fetching) = started(dump(1_000));
    // Four exabytes of zeros: nobody has that much.
    api.downloads().put_with_zeros("60", dump(1_000), 4 << 60);
    let error = fetching.error().await;
    assert!(matches!(error, backup_sources::Error::Space { .. }), "{error:?}");
    assert!(error.to_string().contains("BACKUP_DIRECTORY"), "{error}");
}
