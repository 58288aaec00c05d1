//! Object stores: which object is meant, and what configures them.

use std::sync::Arc;

use backup_sources::{Error, FetchTarget, FileSource, ObjectStorageSource};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use object_stores::ObjectPlace;
use progress::Context;
use test_servers::fakes::S3Server;

use crate::support::{Fetching, dump, limits, tar_gz};

fn s3(server: &S3Server, path: &str) -> Fetching {
    let url = format!("s3://{}/{path}", S3Server::BUCKET).parse().unwrap();
    let source = ObjectStorageSource::from_url(&url, server.environment(), &limits()).unwrap();
    Fetching::from(Arc::new(source))
}

#[tokio::test]
async fn the_newest_below_a_prefix_or_the_one_of_that_name() {
    let server = S3Server::start().unwrap();
    // More than one page of the list.
    for day in 10..16 {
        let modified = format!("2026-11-{day}T01:00:00.000Z");
        server.put(&format!("pix/{day}.dump"), &modified, dump(100 * day));
    }
    let later = "2026-11-20T01:00:00.000Z";
    server.put("pix/15.dump.sha256", later, b"0123".to_vec());
    server.put("pix/manifest.json", later, b"{}".to_vec());
    server.put("pix/being-written", later, Vec::new());
    server.put("pixels/16.dump", later, dump(77));
    assert!(s3(&server, "pix").bytes().await == dump(1_500));
    assert!(s3(&server, "pix/").bytes().await == dump(1_500));
    assert!(s3(&server, "pix/11.dump").bytes().await == dump(1_100));
    assert!(s3(&server, "").bytes().await == dump(77));
    let error = s3(&server, "nothing").error().await;
    assert!(matches!(error, Error::NoBackup { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_in_memory_and_a_packed_object() {
    let store = Arc::new(InMemory::new());
    let packed = tar_gz(&dump(50_000)).await;
    store.put(&"a/b.tar.gz".into(), packed.into()).await.unwrap();
    let store: Arc<dyn ObjectStore> = store;
    for path in ["a/b.tar.gz", "a", ""] {
        let source = ObjectStorageSource::new(ObjectPlace::new(Arc::clone(&store), path, "memory"));
        assert!(Fetching::from(Arc::new(source)).bytes().await == dump(50_000));
    }
}

#[tokio::test]
async fn odd_names_in_a_directory_are_no_backups() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    for name in [&b"caf\xe9.dump"[..], b"tab\there.dump", b"100% whole.dump"] {
        let size = if name[0] == b'1' { 5_000 } else { 7 };
        let path = directory.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, dump(size)).unwrap();
    }
    let url = url::Url::from_directory_path(directory.path()).unwrap();
    let source = ObjectStorageSource::from_url(&url, [], &limits()).unwrap();
    assert!(Fetching::from(Arc::new(source)).bytes().await == dump(5_000));
}

#[tokio::test]
async fn a_single_file_by_its_url() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my backup.dump");
    std::fs::write(&path, dump(5_000)).unwrap();
    let url = url::Url::from_file_path(&path).unwrap();
    let source = ObjectStorageSource::from_url(&url, [], &limits()).unwrap();
    assert!(Fetching::from(Arc::new(source)).bytes().await == dump(5_000));
}

#[tokio::test]
async fn refusals_of_the_store_are_named_and_not_its_secrets() {
    let server = S3Server::start().unwrap();
    let url: url::Url = "s3://backups/pix".parse().unwrap();
    let mut environment = server.environment();
    for (name, value) in &mut environment {
        if name == "AWS_ACCESS_KEY_ID" {
            *value = "AKIAWRONG".into();
        }
    }
    let source = ObjectStorageSource::from_url(&url, environment, &limits()).unwrap();
    let shown = format!("{source:?}");
    let error = Fetching::from(Arc::new(source)).error().await.to_string();
    assert!(error.contains("s3://backups/pix") && error.contains("403"), "{error}");
    for text in [shown, error] {
        assert!(!text.contains(S3Server::SECRET), "{text}");
    }

    let nobody = format!("http://127.0.0.1:{}", test_servers::free_port().unwrap());
    let environment = server.environment().into_iter().map(|(name, value)| {
        let value = if name == "AWS_ENDPOINT_URL" { nobody.clone() } else { value };
        (name, value)
    });
    let source = ObjectStorageSource::from_url(&url, environment, &limits()).unwrap();
    let error = Fetching::from(Arc::new(source)).error().await;
    assert!(error.is_unreachable(), "{error:?}");
}

#[tokio::test]
async fn a_dump_that_is_a_file_stays_where_it_is_unless_a_copy_is_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.dump");
    std::fs::write(&path, dump(5_000)).unwrap();
    let fetching = Fetching::from(Arc::new(FileSource::new(&path)));
    let target = fetching.path();
    let in_place = FetchTarget { path: &target, may_stay: true, share: 1.0 };
    let fetched = fetching.fetcher.fetch(in_place, &Context::quiet()).await.unwrap();
    assert_eq!((fetched.path, fetched.bytes), (path.clone(), 5_000));
    assert!(fetching.left().is_empty());

    std::fs::write(&path, tar_gz(&dump(5_000)).await).unwrap();
    let fetched = fetching.fetcher.fetch(in_place, &Context::quiet()).await.unwrap();
    assert_eq!(fetched.path, target, "a packed one is unpacked beside");
    assert!(path.exists());
}

#[tokio::test]
async fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let fetching = Fetching::from(Arc::new(FileSource::new(&path)));
    let error = tokio::time::timeout(std::time::Duration::from_secs(60), fetching.error()).await;
    assert!(error.unwrap().to_string().contains("a pipe"));
}

#[tokio::test]
async fn a_directory_in_place_of_a_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let fetching = Fetching::from(Arc::new(FileSource::new(directory.path())));
    assert!(fetching.error().await.to_string().contains("contains a directory;"));
    std::fs::write(directory.path().join("toc.dat"), "PGDMP").unwrap();
    assert!(fetching.error().await.to_string().contains("pg_dump's directory format"));
}
