//! Snapshots that are not what was written: what is wrong is said, and the newest good one is used.

use std::io::Cursor;

use async_compression::tokio::bufread::ZstdEncoder;
use sha2::{Digest, Sha256};
use snapshots::{EntryState, Error, Identity, Selector, fetch};
use tokio::io::AsyncReadExt;

use progress::Context;

use crate::support::{SCRIPT, World};

/// A good snapshot, and a newer one of its name.
async fn two() -> (World, String, String) {
    let world = World::new(SCRIPT);
    let (older, _) = world.forced().await;
    let (newer, _) = world.forced().await;
    (world, older.name, newer.name)
}

/// The newer one is refused for this reason; the older one is the latest then, and the next run compares with it.
async fn assert_unusable(world: &World, older: &str, newer: &str, reason: &str) {
    let error = world.fetch(newer).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(reason) && text.contains(newer), "{text}");
    let entries = world.list().await;
    assert!(entries[0].problem().unwrap().contains(reason), "{entries:?}");
    assert_eq!(world.fetch("latest").await.unwrap().entry.name, older);
    assert!(world.changes().await.is_empty());
    world.psql("DELETE FROM users");
    let entry = world.kept().await;
    assert_eq!(world.latest().await, entry.name);
}

#[tokio::test]
async fn an_archive_that_was_cut_short() {
    let (world, older, newer) = two().await;
    let mut bytes = world.object(&newer).await;
    let whole = bytes.len();
    bytes.truncate(whole / 2);
    world.put(&newer, bytes).await;
    let reason = format!("its archive has {} bytes, and its manifest says {whole}", whole / 2);
    assert_unusable(&world, &older, &newer, &reason).await;
}

#[tokio::test]
async fn a_manifest_that_is_none() {
    for (json, reason) in [
        ("{\"manifest\":", "its manifest cannot be read: EOF while parsing"),
        ("{}", "its manifest cannot be read: missing field `manifest`"),
        (
            "{\"manifest\":{\"format\":2}}",
            "its manifest has format 2, and this program knows format 1",
        ),
        ("{\"manifest\":{\"format\":1}}", "its manifest cannot be read: missing field"),
    ] {
        let (world, older, newer) = two().await;
        world.put(&format!("{newer}.json"), json).await;
        assert_unusable(&world, &older, &newer, reason).await;
    }
}

#[tokio::test]
async fn a_manifest_of_another_archive() {
    let (world, older, newer) = two().await;
    let sidecar = world.object(&format!("{older}.json")).await;
    world.put(&format!("{newer}.json"), sidecar).await;
    assert_unusable(&world, &older, &newer, &format!("its manifest is that of {older}")).await;
}

/// Such damage is found when it is fetched: a list does not read archives.
async fn fetched(world: &World, name: &str) -> String {
    let error = world.fetch(name).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn changed_bytes() {
    let (world, _, newer) = two().await;
    let good = world.object(&newer).await;
    for place in [0, 100, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        world.put(&newer, bytes).await;
        let text = fetched(&world, &newer).await;
        assert!(text.contains("is not the one that was written: it has"), "{place}: {text}");
    }
    world.put(&newer, good).await;
    world.fetch(&newer).await.unwrap();
}

#[tokio::test]
async fn changed_bytes_of_an_encrypted_archive() {
    let identity = Identity::generate();
    let mut world = World::new(SCRIPT);
    world.settings.recipients = vec![identity.to_public()];
    let entry = world.kept().await;
    let good = world.object(&entry.name).await;
    for place in [0, 60, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        world.put(&entry.name, bytes).await;
        let (store, context) = (&world.settings.store, Context::quiet());
        let identities = std::slice::from_ref(&identity);
        let error = fetch(store, &Selector::Latest, identities, world.directory(), &context).await;
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. } | Error::Key { .. }), "{place}: {error:?}");
        assert!(world.left().is_empty());
    }
}

#[tokio::test]
async fn a_manifest_that_says_something_else() {
    let (world, _, newer) = two().await;
    let name = format!("{newer}.json");
    let good = String::from_utf8(world.object(&name).await).unwrap();
    let mut sidecar: serde_json::Value = serde_json::from_str(&good).unwrap();
    sidecar["manifest"]["tables"][0]["rows"] = 7.into();
    world.put(&name, sidecar.to_string()).await;
    let text = fetched(&world, &newer).await;
    assert!(text.contains("differs from the manifest next to it"), "{text}");

    let mut sidecar: serde_json::Value = serde_json::from_str(&good).unwrap();
    sidecar["manifest"]["files"][0]["sha256"] = "00".into();
    world.put(&name, sidecar.to_string()).await;
    let text = fetched(&world, &newer).await;
    assert!(text.contains("database.dump has SHA-256"), "{text}");

    let mut sidecar: serde_json::Value = serde_json::from_str(&good).unwrap();
    sidecar["manifest"]["files"][0]["name"] = "other.dump".into();
    world.put(&name, sidecar.to_string()).await;
    let text = fetched(&world, &newer).await;
    assert!(text.contains("has database.dump, which its manifest does not name"), "{text}");
}

/// An archive with one file of this name, and a manifest that agrees with it.
async fn plant(world: &World, template: &str, file: &str) -> String {
    let mut header = tokio_tar::Header::new_gnu();
    let name = &mut header.as_old_mut().name;
    name[..file.len()].copy_from_slice(file.as_bytes());
    header.set_size(4);
    header.set_mode(0o644);
    header.set_cksum();
    let mut tar = header.as_bytes().to_vec();
    tar.extend(b"evil");
    tar.resize(512 * 4, 0);
    let mut archive = Vec::new();
    ZstdEncoder::new(Cursor::new(tar)).read_to_end(&mut archive).await.unwrap();
    let name = template.replace(&template[template.len() - 14..template.len() - 8], "abcdef");
    let json = world.object(&format!("{template}.json")).await;
    let mut sidecar: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    sidecar["archive"] = serde_json::json!(
        {"name": name, "bytes": archive.len(), "sha256": sha256(&archive)});
    sidecar["manifest"]["files"] =
        serde_json::json!([{"name": file, "bytes": 4, "sha256": sha256(b"evil")}]);
    world.put(&name, archive).await;
    world.put(&format!("{name}.json"), sidecar.to_string()).await;
    name
}

#[tokio::test]
async fn an_archive_writes_nothing_outside_its_directory() {
    let (world, older, _) = two().await;
    let outside = world.directory().parent().unwrap().join("evil-of-the-snapshot-tests");
    for file in ["../../evil-of-the-snapshot-tests", outside.to_str().unwrap(), "a/../../../x"] {
        let name = plant(&world, &older, file).await;
        let text = fetched(&world, &name).await;
        assert!(text.contains("names a file"), "{file}: {text}");
        assert!(!outside.exists());
    }
}

#[tokio::test]
async fn an_archive_that_is_gone() {
    let (world, older, newer) = two().await;
    let path = world.settings.store.path.clone().join(newer.as_str());
    object_store::ObjectStoreExt::delete(&*world.settings.store.store, &path).await.unwrap();
    assert!(matches!(world.list().await[0].state, EntryState::Damaged(_)));
    assert_unusable(&world, &older, &newer, "its archive is missing").await;
}
