//! Memory does not grow with the backup.
//!
//! nextest runs every test in a process of its own, so the process's peak is the test's.

use std::io::Cursor;
use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use test_servers::fakes::HerokuApi;
use tokio::io::{AsyncReadExt, BufReader};

use crate::stages::Stage;
use crate::support::{Fetching, dump};

/// Of the unpacked dump.
const BYTES: u64 = 512 << 20;
/// What a fetch may take, whatever the size.
const LIMIT: u64 = 64 << 20;

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

async fn fetched_within_limit(fetching: &Fetching, bytes: u64) {
    let before = peak();
    assert_eq!(fetching.run().await.unwrap().bytes, bytes);
    let grown = peak() - before;
    assert!(grown < LIMIT, "{} MiB for {} MiB", grown >> 20, bytes >> 20);
}

#[tokio::test]
async fn of_a_plain_download_stays_flat() {
    let api = <HerokuApi as Stage>::start();
    api.put(Duration::from_secs(60), dump(1_000));
    let zeros = BYTES - 1_000;
    api.downloads().put_with_zeros("60", dump(1_000), zeros);
    fetched_within_limit(&Fetching::from(api.source()), BYTES).await;
}

#[tokio::test]
async fn of_a_packed_download_stays_flat() {
    let head = dump(1_000);
    let mut header = tokio_tar::Header::new_ustar();
    header.set_path("pix.pgsql").unwrap();
    header.set_size(BYTES);
    header.set_mode(0o644);
    header.set_cksum();
    // The dump's size is a multiple of tar's blocks; two empty blocks end it.
    let zeros = tokio::io::repeat(0).take(BYTES - head.len() as u64 + 1_024);
    let tar = Cursor::new([header.as_bytes().as_slice(), &head].concat()).chain(zeros);
    let mut packed = Vec::new();
    GzipEncoder::new(BufReader::new(tar)).read_to_end(&mut packed).await.unwrap();
    assert!((packed.len() as u64) < LIMIT / 8, "zeros are packed well");

    let api = <HerokuApi as Stage>::start();
    api.put(Duration::from_secs(60), packed);
    fetched_within_limit(&Fetching::from(api.source()), BYTES).await;
}
