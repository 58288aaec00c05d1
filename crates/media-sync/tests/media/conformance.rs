//! What holds for every pair of stores.

use std::collections::BTreeMap;

use media_sync::Error;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::support::{COPY, DRY, FORCED, MIRROR, contents, large, run};
use crate::worlds::{World, all};

/// Keys whose order as text is not that of directories, and sizes around a part's.
const KEYS: [(&str, usize); 8] = [
    ("a-b.txt", 3),
    ("a.txt", 3),
    ("a/b.txt", 0),
    ("a/c/d.jpg", 70_000),
    ("a0", 1),
    ("großes Bild.jpg", (8 << 20) + 1),
    ("huge.bin", (20 << 20) + 7),
    ("part.bin", 8 << 20),
];

async fn filled(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for (key, length) in KEYS {
        let bytes = large(length);
        world.put(key, &bytes).await;
        all.insert(format!("staging/media/{key}"), bytes);
    }
    all
}

/// What stands beside the target's prefix is nobody's business.
async fn with_neighbours(world: &World, wanted: &mut BTreeMap<String, Vec<u8>>) {
    for key in ["staging/media.txt", "staging/media-old/x", "other"] {
        world.target.put(&Path::parse(key).unwrap(), "kept".into()).await.unwrap();
        wanted.insert(key.into(), b"kept".to_vec());
    }
}

async fn assert_holds(world: &World, wanted: &BTreeMap<String, Vec<u8>>) {
    let found = contents(&world.target).await;
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        wanted.keys().collect::<Vec<_>>(),
        "{}",
        world.name
    );
    for (key, bytes) in wanted {
        assert!(found[key] == *bytes, "{}: the content of {key}", world.name);
    }
}

#[tokio::test]
async fn what_is_new_or_changed_is_copied_and_nothing_twice() {
    for world in all() {
        let mut wanted = filled(&world).await;
        with_neighbours(&world, &mut wanted).await;
        let (phases, _) = run(&world.sync, MIRROR).await.unwrap();
        assert_eq!(phases, "list=8 copy=8", "{}", world.name);
        assert_holds(&world, &wanted).await;
        let (phases, lines) = run(&world.sync, MIRROR).await.unwrap();
        assert_eq!((phases.as_str(), lines.len()), ("list=8 copy=0", 0), "{}", world.name);

        world.put_later("a.txt", b"new").await;
        world.put("a/b.txt", b"longer").await;
        world.put("z", b"z").await;
        wanted.insert("staging/media/a.txt".into(), b"new".to_vec());
        wanted.insert("staging/media/a/b.txt".into(), b"longer".to_vec());
        wanted.insert("staging/media/z".into(), b"z".to_vec());
        let (_, lines) = run(&world.sync, COPY).await.unwrap();
        let told = ["copy a.txt (changed since)", "copy a/b.txt (another size)", "copy z (new)"];
        assert_eq!(lines, told, "{}", world.name);
        assert_holds(&world, &wanted).await;
    }
}

#[tokio::test]
async fn what_is_gone_is_deleted_when_that_is_asked_for() {
    for world in all() {
        let mut wanted = filled(&world).await;
        with_neighbours(&world, &mut wanted).await;
        run(&world.sync, COPY).await.unwrap();
        world.remove("a/b.txt").await;
        world.remove("huge.bin").await;
        let (phases, lines) = run(&world.sync, COPY).await.unwrap();
        assert_eq!((phases.as_str(), lines.len()), ("list=6 copy=0", 0), "{}", world.name);
        assert_holds(&world, &wanted).await;
        let (phases, lines) = run(&world.sync, DRY).await.unwrap();
        assert_eq!(phases, "list=6 to copy=0 to delete=2", "{}", world.name);
        assert_eq!(lines, ["delete a/b.txt", "delete huge.bin"], "{}", world.name);
        assert_holds(&world, &wanted).await;

        let (phases, _) = run(&world.sync, MIRROR).await.unwrap();
        assert_eq!(phases, "list=6 copy=0 delete=2", "{}", world.name);
        wanted.remove("staging/media/a/b.txt");
        wanted.remove("staging/media/huge.bin");
        assert_holds(&world, &wanted).await;
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    for world in all() {
        let filled = filled(&world).await;
        let (phases, lines) = run(&world.sync, DRY).await.unwrap();
        assert_eq!(phases, "list=8 to copy=8 to delete=0", "{}", world.name);
        assert_eq!(lines.len(), filled.len());
        assert!(lines.iter().all(|line| line.ends_with(" (new)")), "{lines:?}");
        assert!(contents(&world.target).await.is_empty(), "{}", world.name);
    }
}

#[tokio::test]
async fn an_empty_source_deletes_nothing() {
    for world in all() {
        let mut wanted = BTreeMap::new();
        with_neighbours(&world, &mut wanted).await;
        let (phases, _) = run(&world.sync, MIRROR).await.unwrap();
        assert_eq!(phases, "list=0 copy=0", "{}: both are empty", world.name);
        world.put("one", b"1").await;
        run(&world.sync, MIRROR).await.unwrap();
        wanted.insert("staging/media/one".into(), b"1".to_vec());
        world.remove("one").await;
        let (phases, _) = run(&world.sync, COPY).await.unwrap();
        assert_eq!(phases, "list=0 copy=0", "{}", world.name);
        for request in [MIRROR, DRY] {
            let Err(error @ Error::Refused(_)) = run(&world.sync, request).await else {
                panic!("{}: it is not refused", world.name)
            };
            let text = error.to_string();
            assert!(text.contains("contains no objects, and all 1 of the target"), "{text}");
            assert!(text.contains("--force") && text.ends_with("nothing was changed"), "{text}");
        }
        assert_holds(&world, &wanted).await;
        let (phases, _) = run(&world.sync, FORCED).await.unwrap();
        assert_eq!(phases, "list=0 copy=0 delete=1", "{}", world.name);
        wanted.remove("staging/media/one");
        assert_holds(&world, &wanted).await;
    }
}

#[tokio::test]
async fn a_source_that_lacks_most_deletes_nothing_and_copies_nothing() {
    for world in all() {
        for number in 0..10 {
            world.put(&format!("{number}"), b"x").await;
        }
        run(&world.sync, MIRROR).await.unwrap();
        for number in 0..6 {
            world.remove(&format!("{number}")).await;
        }
        world.put("new", b"new").await;
        let error = run(&world.sync, MIRROR).await.unwrap_err().to_string();
        assert!(error.starts_with("6 of the 10 objects of the target"), "{error}");
        assert!(error.contains("MEDIA_MAX_DELETE allows (50 %)"), "{error}");
        assert_eq!(contents(&world.target).await.len(), 10, "{}", world.name);
        world.put("0", b"x").await;
        let (phases, _) = run(&world.sync, MIRROR).await.unwrap();
        assert!(phases.ends_with("delete=5"), "{}: {phases}", world.name);
        assert_eq!(contents(&world.target).await.len(), 6, "{}", world.name);
    }
}
