//! What stays, what goes, and what is nobody's work any longer.

use object_stores::{ObjectPlace, StoreLimits};
use snapshots::Entry;

use crate::support::{SCRIPT, World};

const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The name of a snapshot of this moment.
pub(crate) fn named(entry: &Entry, time: &str) -> String {
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
async fn in_a_directory_a_killed_programs_file_goes_too() {
    let directory = tempfile::tempdir().unwrap();
    let url = url::Url::from_file_path(directory.path()).unwrap();
    let retry = backup_sources::Limits::default().retry;
    let limits = StoreLimits { silence: std::time::Duration::from_secs(20), retry };
    let world = World::at(SCRIPT, ObjectPlace::open(&url, [], &limits).unwrap());
    let entry = world.kept().await;
    let put = |name: String| std::fs::File::create(directory.path().join(name)).unwrap();
    put(format!("{}#1", named(&entry, "20250110T120000Z")));
    put("notes#1".into());
    // A living program holds the lock of its file.
    let in_use = put(format!("{}#2", named(&entry, "20250111T120000Z")));
    in_use.lock().unwrap();
    world.take().await.unwrap();
    let entries = std::fs::read_dir(directory.path()).unwrap();
    let mut left: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains('#'))
        .collect();
    left.sort();
    assert_eq!(left, ["notes#1".to_owned(), format!("{}#2", named(&entry, "20250111T120000Z"))]);
}
