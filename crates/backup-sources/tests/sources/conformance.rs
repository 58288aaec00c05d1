//! What holds for every source.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sources::{Error, MaxAge};
use progress::{Context, Progress, ProgressSink};
use test_servers::fakes::{DownloadFault, HerokuApi, S3Server, ScalingoApi};

use crate::captured_log::Log;
use crate::stages::{Directory, OneFile, SECRETS, Stage};
use crate::support::{Fetching, dump, gzip, limits, tar, tar_gz, zstd};

macro_rules! suite {
    ($($stage:ident: $type:ty),+; $tests:tt) => {
        $(mod $stage {
            suite!(@ $type; $tests);
        })+
    };
    (@ $type:ty; [$($test:ident),+ $(,)?]) => {
        use super::*;
        $(#[tokio::test]
        async fn $test() {
            super::$test::<$type>().await;
        })+
    };
}

suite!(
    file: OneFile, directory: Directory, s3: S3Server, scalingo: ScalingoApi, heroku: HerokuApi;
    [
        the_newest_is_fetched_byte_for_byte,
        whatever_a_dump_is_packed_in_is_opened,
        no_backup_is_a_clear_error,
        one_that_is_too_old_is_no_backup,
        what_is_no_dump_is_refused_and_named,
        a_truncated_or_altered_backup_is_refused,
        a_cut_download_is_resumed_wherever_it_was_cut,
        a_silent_download_is_resumed,
        a_server_that_ignores_ranges_starts_over,
        a_passing_failure_is_tried_again,
        a_lasting_failure_is_an_error_after_bounded_tries,
        a_backup_that_is_gone_is_a_clear_error,
        a_backup_that_is_replaced_meanwhile_is_fetched_anew,
        a_cancelled_fetch_leaves_nothing,
        a_check_says_what_is_there_and_fetches_nothing,
        no_secret_is_shown,
    ]
);

const HOUR: Duration = Duration::from_secs(3_600);

/// A stage with one backup, and how it is fetched.
fn with_one<S: Stage>(bytes: Vec<u8>) -> (S, Fetching) {
    let stage = S::start();
    stage.put(HOUR, bytes);
    let fetching = Fetching::from(stage.source());
    (stage, fetching)
}

#[derive(Default)]
struct Seen(Mutex<Vec<Progress>>);

impl ProgressSink for Seen {
    fn update(&self, progress: &Progress) {
        self.0.lock().unwrap().push(progress.clone());
    }
}

async fn the_newest_is_fetched_byte_for_byte<S: Stage>() {
    let stage = S::start();
    stage.put(3 * HOUR, dump(1_000));
    stage.put(HOUR, dump(300_000));
    stage.put(2 * HOUR, dump(2_000));
    let fetching = Fetching::from(stage.source());
    let seen = Arc::new(Seen::default());
    let mut context = Context::quiet();
    context.progress = Arc::<Seen>::clone(&seen);
    let fetched = fetching.run_in(&context).await.unwrap();

    assert_eq!((fetched.path.clone(), fetched.bytes), (fetching.path(), 300_000));
    assert!(std::fs::read(&fetched.path).unwrap() == dump(300_000));
    let mode = std::fs::metadata(&fetched.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds the whole database");
    assert_eq!(fetching.left(), ["night.dump"]);
    assert_eq!(fetched.backup.size, Some(300_000));
    let age = fetched.backup.age(chrono::Utc::now());
    assert!(age >= HOUR && age < HOUR + HOUR / 2, "{age:?}");
    let last = seen.0.lock().unwrap().last().unwrap().clone();
    assert_eq!((last.phase.as_str(), last.percent, last.bytes), ("fetch", 12.0, 300_000));
}

async fn whatever_a_dump_is_packed_in_is_opened<S: Stage>() {
    let wanted = dump(200_001);
    let members: [(&str, &[u8]); 3] =
        [("README", b"how to restore"), ("dump.pgsql", &wanted), ("after.txt", b"more")];
    for packed in [
        tar_gz(&wanted).await,
        gzip(&wanted).await,
        tar(&members).await,
        gzip(&tar(&members).await).await,
        zstd(&wanted).await,
        zstd(&tar(&members).await).await,
        [zstd(&wanted[..500]).await, zstd(&wanted[500..]).await].concat(),
        [gzip(&wanted[..500]).await, gzip(&wanted[500..]).await].concat(),
    ] {
        let (_stage, fetching) = with_one::<S>(packed);
        assert!(fetching.bytes().await == wanted);
    }
}

async fn no_backup_is_a_clear_error<S: Stage>() {
    let stage = S::start();
    let error = Fetching::from(stage.source()).error().await;
    assert!(matches!(error, Error::NoBackup { .. }), "{error:?}");
    assert!(error.to_string().contains(&stage.source().place()), "{error}");
}

async fn one_that_is_too_old_is_no_backup<S: Stage>() {
    let (_stage, mut fetching) = with_one::<S>(dump(1_000));
    fetching.fetcher.max_age = MaxAge::Within(HOUR / 2);
    let error = fetching.error().await;
    assert!(matches!(error, Error::NoBackup { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("1 h old") && text.contains("BACKUP_MAX_AGE"), "{text}");
    fetching.fetcher.max_age = MaxAge::Within(2 * HOUR);
    fetching.run().await.unwrap();
}

async fn what_is_no_dump_is_refused_and_named<S: Stage>() {
    let toc = b"PGDMP\x01\x0e\x00\x04\x08\x03and more";
    let sql = b"--\n-- PostgreSQL database dump\n--\nSET x = 1;";
    let one = dump(600);
    let (first, second): (&[u8], &[u8]) = (&one, &one);
    for (bytes, found) in [
        (sql.to_vec(), "a plain SQL script"),
        (gzip(sql).await, "gzip with a plain SQL script"),
        (b"<!DOCTYPE html>sorry".to_vec(), "an HTML page"),
        (toc.to_vec(), "directory or tar format"),
        (tar(&[("toc.dat", toc), ("1.dat", b"1\tx\n")]).await, "toc.dat: the table of contents"),
        (tar_gz(sql).await, "a tar file without a dump (backup/20261121_pix.pgsql: a plain SQL"),
        (gzip(&tar(&[("empty/", b"")]).await).await, "a tar file without any file"),
        (tar(&[("a", first), ("b", second)]).await, "more than one dump (a, b)"),
        (gzip(&gzip(&one).await).await, "gzip with a file compressed by gzip"),
        (gzip(&zstd(&one).await).await, "gzip with a file compressed by zstd"),
        (zstd(sql).await, "zstd with a plain SQL script"),
        (vec![7; 5_000], "binary data"),
    ] {
        let (_stage, fetching) = with_one::<S>(bytes);
        let error = fetching.error().await;
        assert!(matches!(error, Error::Content { .. }), "{error:?} for {found}");
        assert!(error.to_string().contains(found), "{error} for {found}");
    }
}

async fn a_truncated_or_altered_backup_is_refused<S: Stage>() {
    let whole = tar_gz(&dump(100_000)).await;
    for length in [11, 1_000, whole.len() / 2, whole.len() - 4, whole.len() - 1] {
        let (_stage, fetching) = with_one::<S>(whole[..length].to_vec());
        let error = fetching.error().await;
        assert!(matches!(error, Error::Damaged { .. }), "{error:?} at {length}");
    }
    for place in [whole.len() / 2, whole.len() - 6] {
        let mut altered = whole.clone();
        altered[place] ^= 1;
        let (_stage, fetching) = with_one::<S>(altered);
        let error = fetching.error().await;
        assert!(matches!(error, Error::Damaged { .. }), "{error:?} at {place}");
    }
    let plain = tar(&[("x.pgsql", dump(10_000).as_slice())]).await;
    let (_stage, fetching) = with_one::<S>(plain[..5_000].to_vec());
    let error = fetching.error().await;
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

async fn a_cut_download_is_resumed_wherever_it_was_cut<S: Stage>() {
    let wanted = dump(300_000);
    let packed = tar_gz(&wanted).await;
    let length = packed.len() as u64;
    let (stage, fetching) = with_one::<S>(packed);
    let Some(downloads) = stage.downloads() else { return };
    for cuts in
        [vec![0], vec![1], vec![300], vec![length / 2], vec![length - 1], vec![100_000, 1, 50_000]]
    {
        downloads.fail(cuts.iter().map(|bytes| DownloadFault::CutAfter(*bytes)));
        let before = downloads.requests().len();
        assert!(fetching.bytes().await == wanted, "{cuts:?}");
        let requests = downloads.requests().split_off(before);
        assert_eq!(requests.len(), cuts.len() + 1, "{requests:?}");
        // A server's first bytes may be lost with the connection, but never all of so many.
        if cuts[0] >= 100_000 {
            let last = requests.last().unwrap().range.clone().unwrap();
            assert!(last.starts_with("bytes=") && last != "bytes=0-", "{last}");
        }
    }
}

async fn a_silent_download_is_resumed<S: Stage>() {
    let wanted = dump(300_000);
    let (stage, fetching) = with_one::<S>(wanted.clone());
    let Some(downloads) = stage.downloads() else { return };
    downloads.fail([DownloadFault::StallAfter(100_000)]);
    assert!(fetching.bytes().await == wanted);
    assert_eq!(downloads.requests().len(), 2);
}

async fn a_server_that_ignores_ranges_starts_over<S: Stage>() {
    let wanted = dump(300_000);
    for packed in [wanted.clone(), tar_gz(&wanted).await] {
        let (stage, fetching) = with_one::<S>(packed);
        let Some(downloads) = stage.downloads() else { return };
        downloads.fail([DownloadFault::CutAfter(200_000), DownloadFault::IgnoreRange]);
        assert!(fetching.bytes().await == wanted);
    }
}

async fn a_passing_failure_is_tried_again<S: Stage>() {
    let wanted = dump(300_000);
    let (stage, fetching) = with_one::<S>(wanted.clone());
    let Some(downloads) = stage.downloads() else { return };
    for faults in [
        vec![DownloadFault::Status(503), DownloadFault::Status(500)],
        vec![DownloadFault::CutAfter(150_000), DownloadFault::Status(502)],
    ] {
        downloads.fail(faults);
        assert!(fetching.bytes().await == wanted);
    }
}

async fn a_lasting_failure_is_an_error_after_bounded_tries<S: Stage>() {
    let (stage, fetching) = with_one::<S>(dump(1_000));
    let Some(downloads) = stage.downloads() else { return };
    downloads.fail(vec![DownloadFault::Status(500); 1_000]);
    let error = fetching.error().await;
    assert!(error.to_string().contains("500"), "{error}");
    let tries = downloads.requests().len();
    assert_eq!(tries, 1 + limits().retry.retries as usize);

    downloads.fail(vec![DownloadFault::CutAfter(10); 1_000]);
    let error = fetching.error().await;
    assert!(error.is_unreachable(), "{error:?}");
    assert!(error.to_string().contains("broke off after"), "{error}");
}

async fn a_backup_that_is_gone_is_a_clear_error<S: Stage>() {
    let (stage, fetching) = with_one::<S>(dump(1_000));
    let Some(downloads) = stage.downloads() else { return };
    downloads.fail([DownloadFault::Status(404)]);
    let error = fetching.error().await;
    assert!(matches!(error, Error::Status { .. } | Error::NoBackup { .. }), "{error:?}");
    assert!(error.to_string().contains("the backup no longer exists"), "{error}");
    assert_eq!(downloads.requests().len(), 1, "it will not come back");
}

async fn a_backup_that_is_replaced_meanwhile_is_fetched_anew<S: Stage>() {
    let (stage, fetching) = with_one::<S>(dump(300_000));
    let Some(downloads) = stage.downloads() else { return };
    downloads.fail([DownloadFault::StallAfter(100_000)]);
    let replace = async {
        let asked = async || !downloads.requests().is_empty();
        assert!(test_servers::wait_for_async(Duration::from_secs(20), asked).await);
        let name = downloads.requests()[0].name.clone();
        downloads.put(&name, dump(300_004));
    };
    let (bytes, ()) = tokio::join!(fetching.bytes(), replace);
    assert!(bytes == dump(300_004));
}

async fn a_cancelled_fetch_leaves_nothing<S: Stage>() {
    let (stage, fetching) = with_one::<S>(dump(300_000));
    let context = Context::quiet();
    let Some(downloads) = stage.downloads() else {
        context.cancel.cancel();
        assert!(fetching.run_in(&context).await.unwrap_err().is_cancelled());
        assert!(fetching.left().is_empty());
        return;
    };
    downloads.fail([DownloadFault::StallAfter(100_000)]);
    let cancel = async {
        let begun = async || fetching.left() == ["night.dump.partial"];
        assert!(test_servers::wait_for_async(Duration::from_secs(20), begun).await);
        context.cancel.cancel();
    };
    let (result, ()) = tokio::join!(fetching.run_in(&context), cancel);
    assert!(result.unwrap_err().is_cancelled());
    assert!(fetching.left().is_empty(), "{:?}", fetching.left());
}

async fn a_check_says_what_is_there_and_fetches_nothing<S: Stage>() {
    let stage = S::start();
    let fetching = Fetching::from(stage.source());
    let cancel = Context::quiet().cancel;
    assert!(fetching.fetcher.check(&cancel).await.is_err());
    stage.put(HOUR, dump(5_000));
    let found = fetching.fetcher.check(&cancel).await.unwrap();
    assert!(found.starts_with(&format!("{}: backup ", stage.source().place())), "{found}");
    assert!(found.ends_with("Z, 1 h old, 4.9 KiB"), "{found}");
    assert!(fetching.left().is_empty());
    assert!(stage.downloads().is_none_or(|downloads| downloads.requests().is_empty()));
}

async fn no_secret_is_shown<S: Stage>() {
    let log = Log::capture();
    let (stage, fetching) = with_one::<S>(dump(300_000));
    if let Some(downloads) = stage.downloads() {
        downloads.fail([DownloadFault::Status(503), DownloadFault::CutAfter(100_000)]);
    }
    let fetched = fetching.run().await.unwrap();
    let mut shown = format!("{:?} {fetched:?}", fetching.fetcher);
    if let Some(downloads) = stage.downloads() {
        downloads.fail([DownloadFault::Status(404)]);
        let error = fetching.run().await.unwrap_err();
        shown = format!("{shown} {error} {error:?}");
    }
    // Our own lines: what a library says below `debug` is not written.
    let log = log.text();
    let ours: Vec<&str> = log.lines().filter(|line| line.contains("backup_sources")).collect();
    assert!(ours.iter().any(|line| line.contains("Start fetch Backup")), "{log}");
    assert!(ours.iter().any(|line| line.contains("End fetch Backup")), "{log}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
