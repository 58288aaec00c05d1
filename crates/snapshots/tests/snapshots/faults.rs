//! A store that fails half-way: what it holds then is said, and the next run puts it right.

use progress::Context;
use snapshots::{EntryState, Error, Taken};
use test_servers::fakes::{BucketFault, Failing, S3Buckets};

use crate::pruning::named;
use crate::s3::{limits, s3};
use crate::support::{LARGE, SCRIPT, World};

struct Broken {
    server: S3Buckets,
    world: World,
}

impl Broken {
    /// With one good snapshot, and something that has changed since.
    async fn new() -> Self {
        let server = S3Buckets::start(&["backups"]).unwrap();
        let world = World::at(SCRIPT, s3(&server, "pix"));
        world.kept().await;
        world.psql("INSERT INTO users VALUES (101, 'new')");
        Self { server, world }
    }

    fn fail(&self, begins: &str, contains: &str, status: u16) {
        self.server.fail([Failing::all(begins, contains, BucketFault::Status(status))]);
    }

    /// Why a run fails.
    async fn error(&self) -> Error {
        let error = self.world.take().await.unwrap_err();
        self.server.fail([]);
        assert!(!error.to_string().contains(S3Buckets::SECRET));
        error
    }

    async fn next_run_keeps_it(&self) {
        let entry = self.world.kept().await;
        assert_eq!(self.world.latest().await, entry.name);
        assert_eq!(self.world.fetch("latest").await.unwrap().entry, entry);
    }
}

#[tokio::test]
async fn a_refused_archive_leaves_the_store_as_it_was() {
    let broken = Broken::new().await;
    let before = broken.world.objects().await;
    broken.fail("PUT ", ".tar.zst", 503);
    let error = broken.error().await;
    assert!(matches!(error, Error::NotKept { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("nothing of it is there") && text.contains("503"), "{text}");
    assert!(text.contains("s3://backups/pix"), "{text}");
    assert_eq!(broken.world.objects().await, before);
    broken.next_run_keeps_it().await;
}

#[tokio::test]
async fn a_refused_manifest_takes_the_archive_back() {
    let broken = Broken::new().await;
    let before = broken.world.objects().await;
    broken.fail("PUT ", ".tar.zst.json", 403);
    let text = broken.error().await.to_string();
    assert!(text.contains("its archive was taken away again"), "{text}");
    assert_eq!(broken.world.objects().await, before);
    broken.next_run_keeps_it().await;
}

#[tokio::test]
async fn an_archive_that_cannot_be_taken_back_does_not_count() {
    let broken = Broken::new().await;
    let older = broken.world.list().await.remove(0);
    let status = BucketFault::Status(403);
    broken.server.fail([
        Failing::all("PUT ", ".tar.zst.json", status),
        Failing::all("POST ", "delete", status),
        Failing::all("DELETE ", "", status),
    ]);
    let text = broken.error().await.to_string();
    assert!(text.contains("may be left there without a manifest"), "{text}");
    let entries = broken.world.list().await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].state, EntryState::Unfinished);
    assert_eq!(broken.world.fetch("latest").await.unwrap().entry, older);
    let error = broken.world.fetch(&entries[0].name).await.unwrap_err().to_string();
    assert!(error.contains("has no manifest"), "{error}");
    broken.next_run_keeps_it().await;
}

#[tokio::test]
async fn a_refused_pointer_is_written_by_the_next_run() {
    let broken = Broken::new().await;
    let older = broken.world.latest().await;
    broken.fail("PUT ", "pix-latest.json", 500);
    let error = broken.error().await;
    let Error::Unfinished { name, .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("is complete and stored, but"), "{error}");
    assert_eq!(broken.world.list().await[0].name, *name);
    assert_eq!(broken.world.latest().await, older);
    // The snapshot is good: nothing has changed since.
    assert!(matches!(broken.world.take().await.unwrap(), Taken::Unchanged { .. }));
    assert_eq!(broken.world.latest().await, *name);
}

#[tokio::test]
async fn refused_pruning_is_done_by_the_next_run() {
    let mut broken = Broken::new().await;
    broken.world.settings.keep = "last=1".parse().unwrap();
    broken.fail("POST ", "delete", 403);
    let error = broken.error().await;
    assert!(error.to_string().contains("but not everything is done: remove pix-"), "{error}");
    assert_eq!(broken.world.list().await.len(), 2);
    assert!(matches!(broken.world.take().await.unwrap(), Taken::Unchanged { .. }));
    assert_eq!(broken.world.list().await.len(), 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_costs_no_dump() {
    let broken = Broken::new().await;
    broken.fail("GET ", "list-type", 403);
    let error = broken.error().await;
    assert!(matches!(error, Error::Store { .. }), "{error:?}");
    assert!(error.to_string().contains("list what is in s3://backups/pix"), "{error}");
    broken.next_run_keeps_it().await;

    let mut environment = broken.server.environment();
    let nobody = format!("http://127.0.0.1:{}", test_servers::free_port().unwrap());
    environment.iter_mut().filter(|(name, _)| name.contains("URL")).for_each(|(_, value)| {
        value.clone_from(&nobody);
    });
    let retry =
        http_requests::RetryLimits { retries: 0, ..backup_sources::Limits::default().retry };
    let limits = object_stores::StoreLimits { silence: std::time::Duration::from_secs(5), retry };
    let url = "s3://backups/pix".parse().unwrap();
    let place = object_stores::ObjectPlace::open(&url, environment, &limits).unwrap();
    let error = snapshots::list(&place).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
}

#[tokio::test]
async fn a_part_that_fails_once_is_sent_again_and_one_that_always_fails_ends_the_upload() {
    let server = S3Buckets::start(&["backups"]).unwrap();
    let world = World::at(LARGE, s3(&server, "pix"));
    let failing = |begins, contains| Failing::all(begins, contains, BucketFault::Status(500));
    for (begins, contains) in
        [("PUT ", "partNumber=2"), ("POST ", "uploads"), ("POST ", "uploadId")]
    {
        server.fail([failing(begins, contains)]);
        let error = world.take().await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::NotKept { .. }), "{error:?}");
        assert!(text.contains("nothing of it is there"), "{contains}: {text}");
        assert_eq!(server.open_uploads(), 0, "{contains}");
        assert!(world.objects().await.is_empty(), "{contains}");
    }
    server.fail([failing("PUT ", "partNumber=2"), failing("DELETE ", "uploadId")]);
    let text = world.take().await.unwrap_err().to_string();
    assert!(text.contains("parts of it may be left there, which no list shows"), "{text}");

    server.fail([failing("PUT ", "partNumber=2").times(1), failing("POST ", "uploadId").times(1)]);
    let entry = world.kept().await;
    assert_eq!(world.fetch("latest").await.unwrap().entry, entry);
}

#[tokio::test]
async fn a_cut_download_goes_on() {
    let server = S3Buckets::start(&["backups"]).unwrap();
    let world = World::at(LARGE, s3(&server, "pix"));
    let entry = world.kept().await;
    let half = usize::try_from(entry.bytes / 2).unwrap();
    let cut = Failing::all("GET /backups/pix/", ".tar.zst", BucketFault::CutAfter(half)).after(1);
    server.fail([cut.times(1)]);
    let context = Context::quiet();
    let fetched = snapshots::fetch(
        &world.settings.store,
        &snapshots::Selector::Latest,
        &[],
        world.directory(),
        &context,
    );
    assert_eq!(fetched.await.unwrap().entry, entry);
    let archive = format!("GET /backups/pix/{}", entry.name);
    let downloads = server.requests().iter().filter(|line| **line == archive).count();
    assert_eq!(downloads, 2);
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
    let error = world.fetch("latest").await.unwrap_err().to_string();
    assert!(error.contains("more than one"), "{error}");
    server.remove("backups", foreign);
    assert_eq!(world.fetch("latest").await.unwrap().entry, entry);
}

#[tokio::test]
async fn odd_names_in_a_directory_are_no_snapshots() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display()).parse().unwrap();
    let place = object_stores::ObjectPlace::open(&url, [], &limits()).unwrap();
    let world = World::at("CREATE TABLE users (id int PRIMARY KEY)", place);
    for name in [&b"caf\xe9"[..], b"tab\there"] {
        std::fs::write(directory.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let entry = world.kept().await;
    assert_eq!(world.fetch("latest").await.unwrap().entry.name, entry.name);
}
