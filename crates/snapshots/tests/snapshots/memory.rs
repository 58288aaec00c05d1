//! Memory does not grow with the database.
//!
//! nextest runs every test in a process of its own, so the process's peak is the test's.

use object_stores::{ObjectPlace, StoreLimits};
use snapshots::DumpFormat;

use crate::support::World;

/// Of the dump; texts that no compression makes much smaller.
const MEBIBYTES: u64 = 160;
/// What a run may take, whatever the size.
const LIMIT: u64 = 48 << 20;

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

#[tokio::test]
async fn of_taking_and_fetching_stays_flat() {
    let directory = tempfile::tempdir().unwrap();
    let url = url::Url::from_file_path(directory.path()).unwrap();
    let retry = backup_sources::Limits::default().retry;
    let limits = StoreLimits { silence: std::time::Duration::from_secs(60), retry };
    let place = ObjectPlace::open(&url, [], &limits).unwrap();
    // A mebibyte a row: 32 bytes of each sum.
    let script = format!(
        "CREATE TABLE large (id int, text text);
        ALTER TABLE large ALTER text SET STORAGE EXTERNAL;
        INSERT INTO large SELECT number, (
          SELECT string_agg(md5(number::text || ' ' || part), '') FROM generate_series(1, 32768) part)
        FROM generate_series(1, {MEBIBYTES}) number"
    );
    let mut world = World::at(&script, place);
    world.settings.format = DumpFormat::Plain;
    let before = peak();
    let entry = world.kept().await;
    let fetched = world.fetch("latest").await.unwrap();
    let dump = std::fs::metadata(&fetched.dump).unwrap().len();
    assert!(dump > MEBIBYTES << 20 && entry.bytes > LIMIT, "{dump}, {}", entry.bytes);
    let grown = peak() - before;
    assert!(grown < LIMIT, "{} MiB for {} MiB", grown >> 20, dump >> 20);
}
