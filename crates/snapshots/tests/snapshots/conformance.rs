//! What holds in every store.

use std::sync::Arc;

use object_store::memory::InMemory;
use object_stores::{ObjectPlace, StoreLimits};
use progress::Context;
use snapshots::{Identity, Selector, Taken, fetch};
use test_servers::fakes::S3Buckets;

use crate::s3::s3;
use crate::support::{LARGE, SCRIPT, World};

/// A store, and what it lives in.
struct Stage {
    place: ObjectPlace,
    _server: Option<S3Buckets>,
    _directory: Option<tempfile::TempDir>,
}

fn memory() -> Stage {
    let place = ObjectPlace::new(Arc::new(InMemory::new()), "a/b", "memory://a/b");
    Stage { place, _server: None, _directory: None }
}

fn file() -> Stage {
    let directory = tempfile::tempdir().unwrap();
    // It need not be there.
    let url = url::Url::from_file_path(directory.path().join("my backups")).unwrap();
    let retry = backup_sources::Limits::default().retry;
    let limits = StoreLimits { silence: std::time::Duration::from_secs(20), retry };
    let place = ObjectPlace::open(&url, [], &limits).unwrap();
    Stage { place, _server: None, _directory: Some(directory) }
}

fn bucket() -> Stage {
    let server = S3Buckets::start(&["backups"]).unwrap();
    Stage { place: s3(&server, "pix"), _server: Some(server), _directory: None }
}

async fn the_life_of_snapshots(stage: Stage) {
    let world = World::at(SCRIPT, stage.place.clone());
    assert!(world.list().await.is_empty());
    let first = world.kept().await;
    assert_eq!(world.latest().await, first.name);
    assert!(matches!(world.take().await.unwrap(), Taken::Unchanged { .. }));
    world.psql("DELETE FROM users WHERE id > 50");
    let second = world.kept().await;
    assert_eq!(world.latest().await, second.name);
    assert_eq!(world.list().await, [second.clone(), first.clone()]);
    for entry in [&first, &second] {
        let fetched = world.fetch(&entry.name).await.unwrap();
        assert_eq!(Some(&fetched.manifest), entry.manifest());
    }
    let fetched = world.fetch("latest").await.unwrap();
    world.restore(&fetched.dump, "restored");
    assert_eq!(world.server.psql("restored", "SELECT count(*) FROM users").unwrap(), "50");
}

async fn a_large_one_in_parts(stage: Stage) {
    let identity = Identity::generate();
    let mut world = World::at(LARGE, stage.place.clone());
    world.settings.recipients = vec![identity.to_public()];
    let entry = world.kept().await;
    assert!(entry.bytes > 11 << 20, "{} bytes are more than two parts", entry.bytes);
    let (store, context) = (&world.settings.store, Context::quiet());
    let fetched =
        fetch(store, &Selector::Latest, &[identity], world.directory(), &context).await.unwrap();
    assert_eq!(Some(&fetched.manifest), entry.manifest());
}

async fn foreign_objects_stay(stage: Stage) {
    let mut world = World::at(SCRIPT, stage.place.clone());
    world.settings.keep = "last=1".parse().unwrap();
    let foreign = [
        "notes.txt",
        "pix.dump",
        "pix-20200101T000000Z.tar.zst",
        "pix-20200101T000000Z-3fa1c0.tar.zst.sha256",
        "deeper/pix-20200101T000000Z-3fa1c0.tar.zst",
    ];
    for name in foreign {
        let path =
            name.split('/').fold(world.settings.store.path.clone(), |path, part| path.join(part));
        use object_store::ObjectStoreExt;
        world.settings.store.store.put(&path, "mine".into()).await.unwrap();
    }
    for _ in 0..3 {
        world.forced().await;
    }
    assert_eq!(world.list().await.len(), 1);
    use futures_util::TryStreamExt;
    let all = world.settings.store.store.list(Some(&world.settings.store.path));
    let all: Vec<object_store::ObjectMeta> = all.try_collect().await.unwrap();
    for name in foreign {
        let end = format!("/{name}");
        assert!(all.iter().any(|one| one.location.as_ref().ends_with(&end)), "{name}: {all:?}");
    }
    assert_eq!(all.len(), foreign.len() + 3);
}

/// Each makes a whole snapshot, good, with a name of its own.
async fn two_at_once(stage: Stage) {
    let world = World::at(SCRIPT, stage.place.clone());
    world.kept().await;
    let (source, context) = (world.source(), Context::quiet());
    let one = snapshots::take(&source, &world.settings, true, &context);
    let other = snapshots::take(&source, &world.settings, true, &context);
    let (one, other) = tokio::join!(one, other);
    let mut names = Vec::new();
    for taken in [one, other] {
        let Taken::Created { entry, .. } = taken.unwrap() else { panic!("forced") };
        world.fetch(&entry.name).await.unwrap();
        names.push(entry.name);
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(world.list().await.iter().filter(|entry| entry.manifest().is_some()).count(), 3);
    // Whatever the pointer names, the next run sets it right.
    assert!(matches!(world.take().await.unwrap(), Taken::Unchanged { .. }));
    assert_eq!(world.latest().await, world.list().await[0].name);
}

macro_rules! for_every_store {
    ($($test:ident)*) => {
        mod in_memory { $(#[tokio::test] async fn $test() { super::$test(super::memory()).await; })* }
        mod in_a_directory { $(#[tokio::test] async fn $test() { super::$test(super::file()).await; })* }
        mod in_a_bucket { $(#[tokio::test] async fn $test() { super::$test(super::bucket()).await; })* }
    };
}

for_every_store!(the_life_of_snapshots a_large_one_in_parts foreign_objects_stay two_at_once);
