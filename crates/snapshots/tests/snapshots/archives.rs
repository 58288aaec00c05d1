//! What an archive holds, in every form it has.

use std::process::{Command, Stdio};

use snapshots::{Compression, DumpFormat, Error, Identity, Selector, fetch};

use progress::Context;

use crate::support::{SCRIPT, SECRET, World};

#[tokio::test]
async fn what_comes_back_is_what_was_dumped() {
    let mut world = World::new(SCRIPT);
    let mut databases = 0;
    for format in [DumpFormat::Custom, DumpFormat::Plain] {
        for compression in [Compression::Gzip, Compression::Zstd] {
            world.settings.format = format;
            world.settings.compression = compression;
            let (entry, _) = world.forced().await;
            let fetched = world.fetch(&entry.name).await.unwrap();
            assert_eq!(fetched.entry, entry);
            assert_eq!(Some(&fetched.manifest), entry.manifest());
            databases += 1;
            let database = format!("restored_{databases}");
            world.restore(&fetched.dump, &database);
            let rows = world.server.psql(&database, "SELECT count(*) FROM users").unwrap();
            assert_eq!(rows, "100");
        }
    }
    assert!(world.left().is_empty(), "what was fetched is removed with its value");
}

#[tokio::test]
async fn the_manifest_says_what_there_is_and_no_secret() {
    let world = World::new(SCRIPT);
    let entry = world.kept().await;
    let manifest = entry.manifest().unwrap();
    assert_eq!((manifest.database.as_str(), manifest.format), ("pix", 1));
    assert_eq!(manifest.taken_at, entry.taken_at);
    assert!(manifest.versions.pg_dump.starts_with("pg_dump (PostgreSQL) "));
    assert!(manifest.versions.program.starts_with("snapshots "));
    assert!(manifest.versions.server.starts_with(|one: char| one.is_ascii_digit()));
    let tables: Vec<(String, u64)> = manifest
        .tables
        .iter()
        .map(|table| (format!("{}.{}", table.schema, table.name), table.rows))
        .collect();
    let wanted = [
        ("public.sessions", 0),
        ("public.users", 100),
        ("stats.answers", 0),
        ("stats.answers_2026", 1),
    ];
    assert_eq!(tables, wanted.map(|(name, rows)| (name.to_owned(), rows)));
    assert_eq!(manifest.rows(), 101);
    let sidecar = String::from_utf8(world.object(&format!("{}.json", entry.name)).await).unwrap();
    assert!(!sidecar.contains(SECRET) && !sidecar.contains("user 1"), "{sidecar}");
}

#[tokio::test]
async fn tar_and_its_friends_open_an_archive() {
    let mut world = World::new(SCRIPT);
    world.settings.compression = Compression::Gzip;
    let entry = world.kept().await;
    let bytes = world.object(&entry.name).await;
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("archive.tar.gz");
    std::fs::write(&archive, bytes).unwrap();
    let tar = |arguments: &[&str]| {
        let output = Command::new("tar").args(arguments).arg(&archive).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(tar(&["-tzf"]), "database.dump\nmanifest.json\n");
    let check = Command::new("gzip").arg("-t").arg(&archive).stderr(Stdio::null()).status();
    assert!(check.unwrap().success());
}

#[tokio::test]
async fn an_encrypted_archive_is_opened_by_any_of_its_recipients_alone() {
    let (one, other, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
    let mut world = World::new(SCRIPT);
    world.settings.recipients = vec![one.to_public(), other.to_public()];
    let entry = world.kept().await;
    assert!(entry.is_encrypted && entry.name.ends_with(".tar.zst.age"), "{}", entry.name);
    let stored = world.object(&entry.name).await;
    assert!(stored.starts_with(b"age-encryption.org/v1\n"));
    let opened = async |identities: &[Identity]| {
        let context = Context::quiet();
        let store = &world.settings.store;
        fetch(store, &Selector::Latest, identities, world.directory(), &context).await
    };
    for identity in [one, other] {
        let fetched = opened(&[stranger.clone(), identity]).await.unwrap();
        assert_eq!(fetched.entry, entry);
    }
    let refused = opened(&[stranger]).await.unwrap_err();
    assert!(matches!(refused, Error::Key { .. }), "{refused:?}");
    assert!(refused.to_string().contains("none of the identities"), "{refused}");
    let refused = opened(&[]).await.unwrap_err();
    assert!(refused.to_string().contains("AGE-SECRET-KEY-1"), "{refused}");
    assert!(world.left().is_empty());
}

#[tokio::test]
async fn fixtures_stand_beside_the_dump() {
    let mut world = World::new(
        "CREATE TABLE checkouts_item (id int PRIMARY KEY, title_text text);
        INSERT INTO checkouts_item SELECT number, 'item' FROM generate_series(1, 100) number",
    );
    world.settings.fixtures = vec!["checkouts_*(title_text=title)".parse().unwrap()];
    let entry = world.kept().await;
    let fetched = world.fetch("latest").await.unwrap();
    assert_eq!(entry.manifest().unwrap().files.len(), 2);
    let [fixture] = fetched.fixtures.as_slice() else { panic!("{:?}", fetched.fixtures) };
    assert!(fixture.ends_with("fixtures/checkouts_item.json"), "{}", fixture.display());
    let rows: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(fixture).unwrap()).unwrap();
    assert_eq!(rows.len(), 100);
    assert_eq!(
        rows[0]["fields"],
        serde_json::json!({"title": "item"}),
        "the field, not its db_column"
    );
}

#[tokio::test]
async fn the_newest_archive_has_a_name_that_stays() {
    let mut world = World::new(SCRIPT);
    world.kept().await;
    assert!(!world.objects().await.iter().any(|name| name.contains("latest.tar")));
    world.settings.latest_archive = true;
    // Also when nothing has changed.
    world.take().await.unwrap();
    for compression in [Compression::Zstd, Compression::Gzip] {
        world.settings.compression = compression;
        let (entry, _) = world.forced().await;
        let ending = entry.name.split_once(".tar.").unwrap().1;
        let latest: Vec<String> = world.objects().await;
        let latest: Vec<&String> =
            latest.iter().filter(|name| name.contains("-latest.tar")).collect();
        let [latest] = latest[..] else { panic!("{latest:?}") };
        assert!(latest.ends_with(&format!("pix-latest.tar.{ending}")), "{latest}");
        let name = format!("pix-latest.tar.{ending}");
        assert_eq!(world.object(&name).await, world.object(&entry.name).await);
    }
    assert_eq!(world.list().await.len(), 3, "it is no snapshot of its own");
}

#[tokio::test]
async fn one_is_chosen_by_its_name_and_a_wrong_name_shows_those_there_are() {
    let world = World::new(SCRIPT);
    let error = world.fetch("latest").await.unwrap_err();
    assert!(error.to_string().ends_with("has no usable snapshot: it is empty"), "{error}");
    let (first, _) = world.forced().await;
    let (second, _) = world.forced().await;
    assert_eq!(world.list().await, [second.clone(), first.clone()]);
    assert_eq!(world.fetch("latest").await.unwrap().entry, second);
    assert_eq!(world.fetch(&first.name).await.unwrap().entry, first);
    let stem = first.name.strip_suffix(".tar.zst").unwrap();
    assert_eq!(world.fetch(stem).await.unwrap().entry, first);
    let error = world.fetch("pix-yesterday").await.unwrap_err();
    let there = format!("no snapshot \"pix-yesterday\"; it has {}, {}", second.name, first.name);
    assert!(error.to_string().contains(&there), "{error}");
}

#[tokio::test]
async fn of_two_databases_none_is_the_latest() {
    let world = World::new(SCRIPT);
    world.kept().await;
    world.server.create_database("other", "pix").unwrap();
    let other = world.server.url("pix", SECRET, "other").parse().unwrap();
    let context = Context::quiet();
    snapshots::take(&other, &world.settings, false, &context).await.unwrap();
    let error = world.fetch("latest").await.unwrap_err();
    assert!(error.to_string().contains("more than one database (other, pix)"), "{error}");
    assert!(world.changes().await.is_empty(), "each is compared with its own");
}
