//! A run that is stopped in the middle.

use std::sync::Arc;
use std::time::Duration;

use media_sync::{Error, MediaSync, Request};
use progress::{CancellationToken, Context, Progress, ProgressSink};
use test_servers::fakes::{BucketFault, Failing, S3Buckets};

use crate::support::{MIRROR, OLD, large, limits, run, settings, side};

#[derive(Default)]
struct Percents(std::sync::Mutex<Vec<f64>>);

impl ProgressSink for Percents {
    fn update(&self, progress: &Progress) {
        self.0.lock().unwrap().push(progress.percent);
    }
}

fn world() -> (S3Buckets, MediaSync) {
    let mock = S3Buckets::start(&["production", "staging"]).unwrap();
    mock.put("production", "store/large", OLD, large(18 << 20));
    mock.put("production", "store/small", OLD, "small");
    mock.put("staging", "store/gone", OLD, "x");
    mock.put("staging", "store/small", OLD, "old");
    let sync = MediaSync::open(
        &side("s3://production/store", mock.environment_of(S3Buckets::READER)),
        &side("s3://staging/store", mock.environment()),
        settings(),
        &limits(),
    );
    (mock, sync.unwrap())
}

#[tokio::test]
async fn an_upload_that_was_begun_is_given_up_and_nothing_is_deleted() {
    let (mock, sync) = world();
    mock.fail([Failing::all("PUT /staging/store/large", "partNumber=2", BucketFault::Stall)]);
    let cancel = CancellationToken::new();
    let context = Context::new(cancel.clone(), Arc::new(Percents::default()));
    let sync = Arc::new(sync);
    let running = Arc::clone(&sync);
    let task = tokio::spawn(async move { running.run(MIRROR, &context, |_| {}).await });
    let limit = tokio::time::Instant::now() + Duration::from_secs(60);
    while !mock.requests().iter().any(|line| line.contains("partNumber=2")) {
        assert!(tokio::time::Instant::now() < limit, "{:#?}", mock.requests());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cancel.cancel();
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert_eq!(mock.open_uploads(), 0, "{:#?}", mock.requests());
    assert!(mock.object("staging", "store/large").is_none());
    assert!(mock.object("staging", "store/gone").is_some());

    mock.fail([]);
    run(&sync, MIRROR).await.unwrap();
    assert_eq!(mock.keys("staging"), mock.keys("production"));
}

#[tokio::test]
async fn a_list_that_never_comes_can_be_cancelled() {
    let (mock, sync) = world();
    mock.fail([Failing::all("GET /staging?", "", BucketFault::Stall)]);
    let cancel = CancellationToken::new();
    let context = Context::new(cancel.clone(), Arc::new(Percents::default()));
    let run = sync.run(MIRROR, &context, |_| {});
    let stop = async {
        while !mock.requests().iter().any(|line| line.starts_with("GET /staging?")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(run, stop);
    assert!(matches!(ended, Err(Error::Cancelled)));
}

#[tokio::test]
async fn progress_goes_forward_to_its_end() {
    let (_mock, sync) = world();
    let percents = Arc::new(Percents::default());
    let sink: Arc<dyn ProgressSink> = Arc::<Percents>::clone(&percents);
    let context = Context::new(CancellationToken::new(), sink);
    let summary = sync.run(Request::default(), &context, |_| {}).await.unwrap();
    let copy = summary.phases.iter().find(|phase| phase.name == "copy").unwrap();
    assert_eq!((copy.objects, copy.bytes), (2, (18 << 20) + 5));
    let seen = percents.0.lock().unwrap();
    assert!(seen.is_sorted(), "{seen:?}");
    assert!(*seen.last().unwrap() >= 98.0, "{seen:?}");
}
