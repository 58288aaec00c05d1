//! A run that is ended half-way.

use std::sync::Arc;

use progress::{CancellationToken, Context, Progress, ProgressSink};
use snapshots::{Error, Selector, fetch, take};
use test_servers::fakes::{BucketFault, Failing, S3Buckets};

use crate::s3::s3;
use crate::support::{LARGE, SCRIPT, World, until};

/// Cancels when a phase begins.
struct CancelsIn(&'static str, CancellationToken);

impl ProgressSink for CancelsIn {
    fn update(&self, progress: &Progress) {
        if progress.phase == self.0 {
            self.1.cancel();
        }
    }
}

fn cancelled_in(phase: &'static str) -> Context {
    let cancel = CancellationToken::new();
    Context::new(cancel.clone(), Arc::new(CancelsIn(phase, cancel)))
}

/// No session of ours is left on the server.
async fn assert_no_sessions(world: &World) {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pix'";
    until(async || world.server.psql("postgres", sessions).unwrap() == "0").await;
}

#[tokio::test]
async fn cancelled_in_any_phase_it_leaves_nothing() {
    let server = S3Buckets::start(&["backups"]).unwrap();
    let world = World::at(LARGE, s3(&server, "pix"));
    for phase in ["compare", "dump", "upload"] {
        let error = world.take_in(false, &cancelled_in(phase)).await.unwrap_err();
        assert!(error.is_cancelled(), "{phase}: {error:?}");
        assert!(world.objects().await.is_empty(), "{phase}");
        assert_eq!(server.open_uploads(), 0, "{phase}");
        assert_no_sessions(&world).await;
    }
    world.kept().await;
    let (store, context) = (&world.settings.store, cancelled_in("fetch"));
    let error =
        fetch(store, &Selector::Latest, &[], world.directory(), &context).await.unwrap_err();
    assert!(error.is_cancelled(), "{error:?}");
    assert!(world.left().is_empty());
}

#[tokio::test]
async fn cancelled_while_the_store_is_silent() {
    for (begins, contains) in [("PUT ", "partNumber=2"), ("PUT ", ".json"), ("GET ", "list-type")] {
        let server = S3Buckets::start(&["backups"]).unwrap();
        let world = World::at(LARGE, s3(&server, "pix"));
        server.fail([Failing::all(begins, contains, BucketFault::Stall)]);
        let cancel = CancellationToken::new();
        let (sink, token) = (Arc::new(CancelsIn("never", cancel.clone())), cancel.clone());
        let context = Context::new(token, sink);
        let asked = async {
            until(async || {
                let is_it = |line: &String| line.starts_with(begins) && line.contains(contains);
                server.requests().iter().any(is_it)
            })
            .await;
            cancel.cancel();
        };
        let (taken, ()) = tokio::join!(world.take_in(false, &context), asked);
        assert!(taken.unwrap_err().is_cancelled(), "{contains}");
        server.fail([]);
        assert!(world.objects().await.is_empty(), "{contains}");
        assert_eq!(server.open_uploads(), 0, "{contains}");
    }
}

#[tokio::test]
async fn dropped_half_way_it_still_takes_its_parts_back() {
    let server = S3Buckets::start(&["backups"]).unwrap();
    let world = World::at(LARGE, s3(&server, "pix"));
    server.fail([Failing::all("PUT ", "partNumber=2", BucketFault::Stall)]);
    let (source, context) = (world.source(), Context::quiet());
    let asked = until(async || server.requests().iter().any(|line| line.contains("partNumber=2")));
    tokio::select! {
        taken = take(&source, &world.settings, false, &context) => panic!("{taken:?}"),
        () = asked => {}
    }
    assert!(world.left().is_empty());
    until(async || server.open_uploads() == 0).await;
    server.fail([]);
    world.kept().await;
}

#[tokio::test]
async fn a_database_that_goes_away_is_said_and_nothing_is_kept() {
    let mut world = World::new(SCRIPT);
    world.kept().await;
    let before = world.objects().await;
    world.server.kill();
    let error = world.take().await.unwrap_err();
    assert!(matches!(error, Error::Database(_)) && error.is_unreachable(), "{error:?}");
    assert_eq!(world.objects().await, before);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_said_before_anything_is_read() {
    let mut world = World::new(SCRIPT);
    world.settings.directory = world.directory().join("not there");
    let error = world.take().await.unwrap_err();
    assert!(error.to_string().contains("create a directory in"), "{error}");
    assert!(error.to_string().contains("not there"), "{error}");
}
