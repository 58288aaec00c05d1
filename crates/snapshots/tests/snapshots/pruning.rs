//! What stays, what goes, and what is nobody's work any longer.

use local_services::platforms::S3Buckets;
use snapshots::Entry;

use crate::support::{SCRIPT, World, s3};

const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The name of a snapshot of this moment.
fn named(entry: &Entry, time: &str) -> String {
    entry.name.replace(&entry.taken_at.format(TIME).to_string(), time)
}

fn times(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.taken_at.format(TIME).to_string()).collect()
}

#[tokio::test]
async fn days_and_months_keep_their_newest() {
    let mut world = World::new(SCRIPT);
    world.settings.keep = "last=1,daily=2,monthly=3".parse().unwrap();
    let first = world.kept().await;
    let old = [
        "20250110T120000Z",
        "20250301T080000Z",
        "20250301T220000Z",
        "20250302T080000Z",
        "20250302T090000Z",
    ];
    for time in old {
        world.copy_as(&first.name, &named(&first, time)).await;
    }
    let (newest, mut pruned) = world.forced().await;
    pruned.sort();
    let today = first.taken_at.with_timezone(&chrono_tz::Europe::Paris).date_naive();
    let is_same_day =
        newest.taken_at.with_timezone(&chrono_tz::Europe::Paris).date_naive() == today;
    let entries = world.list().await;
    if is_same_day {
        let wanted = [newest.taken_at.format(TIME).to_string(), old[4].into(), old[0].into()];
        assert_eq!(times(&entries), wanted);
        let mut gone: Vec<String> = old[1..4].iter().map(|time| named(&first, time)).collect();
        gone.push(first.name.clone());
        assert_eq!(pruned, gone);
    }
    // Nothing is left of those that went, and another run finds nothing to do.
    assert_eq!(world.objects().await.len(), 2 * entries.len() + 1);
    world.take().await.unwrap();
    assert_eq!(world.list().await, entries);
}

#[tokio::test]
async fn a_damaged_one_takes_no_good_ones_place() {
    let mut world = World::new(SCRIPT);
    world.settings.keep = "last=2".parse().unwrap();
    let (first, _) = world.forced().await;
    let (second, _) = world.forced().await;
    world.put(&format!("{}.json", second.name), "no manifest").await;
    let (third, pruned) = world.forced().await;
    assert!(pruned.is_empty(), "{pruned:?}");
    let (fourth, pruned) = world.forced().await;
    assert_eq!(pruned, [first.name]);
    let names: Vec<String> = world.list().await.into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, [fourth.name, third.name, second.name], "what is damaged is left to people");
}

#[tokio::test]
async fn halves_go_when_they_are_a_day_old() {
    let server = S3Buckets::start(&["backups"]).unwrap();
    let world = World::at(SCRIPT, s3(&server, "pix"));
    let entry = world.kept().await;
    let put = |time: &str, ending: &str, modified: &str| {
        let key = format!("pix/{}{ending}", named(&entry, time));
        server.put("backups", &key, modified, "half");
        key
    };
    let now = chrono::Utc::now().to_rfc3339();
    let old_archive = put("20250110T120000Z", "", "2025-01-10T12:00:00Z");
    let old_manifest = put("20250111T120000Z", ".json", "2025-01-11T12:00:00Z");
    let young_archive = put("20250112T120000Z", "", &now);
    let foreign = "pix/other-20250110T120000Z-abcdef.tar.zst";
    server.put("backups", foreign, "2025-01-10T12:00:00Z", "of another database");
    world.take().await.unwrap();
    let keys = server.keys("backups");
    assert!(!keys.contains(&old_archive) && !keys.contains(&old_manifest), "{keys:?}");
    assert!(keys.contains(&young_archive), "it may be under way: {keys:?}");
    assert!(keys.contains(&foreign.to_owned()), "{keys:?}");
    assert_eq!(
        world.fetch("latest").await.unwrap_err().to_string().contains("more than one"),
        true
    );
    server.remove("backups", foreign);
    assert_eq!(world.fetch("latest").await.unwrap().entry, entry);
}
