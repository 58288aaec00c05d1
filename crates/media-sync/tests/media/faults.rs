//! Stores that fail: nothing is deleted, everything that can be copied is, and the next run mends it.

use media_sync::{Error, MediaSync};
use test_servers::fakes::{BucketFault, Failing, S3Buckets};

use crate::support::{MIRROR, OLD, large, limits, run, settings, side};

const FORBIDDEN: BucketFault = BucketFault::Status(403);

/// Ten objects to copy, one of which is large, and one to delete.
fn filled() -> S3Buckets {
    let mock = S3Buckets::start(&["production", "staging"]).unwrap();
    for number in 0..9 {
        mock.put("production", &format!("store/{number}"), OLD, format!("object {number}"));
    }
    mock.put("production", "store/large", OLD, large(18 << 20));
    for key in ["a", "b", "gone"] {
        mock.put("staging", &format!("store/{key}"), OLD, "x");
        mock.put("production", &format!("store/{key}"), OLD, "x");
    }
    mock.remove("production", "store/gone");
    mock
}

fn streamed(mock: &S3Buckets) -> MediaSync {
    between(mock, S3Buckets::READER, S3Buckets::KEY_ID)
}

fn in_store(mock: &S3Buckets) -> MediaSync {
    between(mock, S3Buckets::KEY_ID, S3Buckets::KEY_ID)
}

fn between(mock: &S3Buckets, reader: &str, writer: &str) -> MediaSync {
    MediaSync::open(
        &side("s3://production/store", mock.environment_of(reader)),
        &side("s3://staging/store", mock.environment_of(writer)),
        settings(),
        &limits(),
    )
    .unwrap()
}

/// The faults are over: one more run makes both sides equal.
async fn mends(mock: &S3Buckets, sync: &MediaSync) {
    mock.fail([]);
    run(sync, MIRROR).await.unwrap();
    assert_eq!(mock.keys("staging"), mock.keys("production"));
    for key in mock.keys("production") {
        let bytes = |bucket: &str| mock.object(bucket, &key).unwrap().bytes;
        assert!(bytes("staging") == bytes("production"), "{key}");
    }
    assert_eq!(mock.open_uploads(), 0);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for make in [streamed, in_store] {
        let mock = filled();
        let sync = make(&mock);
        mock.fail([
            Failing::all("GET /production?", "", BucketFault::Status(503)).after(1).times(1),
            Failing::all("GET /production/store/large", "", BucketFault::CutAfter(9 << 20))
                .times(1),
            Failing::all("PUT /staging/store/3", "", BucketFault::Status(500)).times(2),
            Failing::all("PUT /staging/store/large", "partNumber=2", BucketFault::Status(503))
                .times(1),
            Failing::all("POST /staging", "delete", BucketFault::Status(503)).times(1),
        ]);
        let (phases, _) = run(&sync, MIRROR).await.unwrap();
        assert_eq!(phases, "list=12 copy=10 delete=1".replace("copy=10", "copy=12"));
        mends(&mock, &sync).await;
    }
}

#[tokio::test]
async fn a_list_that_fails_half_way_changes_nothing() {
    for bucket in ["production", "staging"] {
        for fault in [FORBIDDEN, BucketFault::Status(503)] {
            let mock = filled();
            // There is a second page on both sides.
            for number in 0..9 {
                mock.put("staging", &format!("store/extra-{number}"), OLD, "x");
                mock.put("production", &format!("store/extra-{number}"), OLD, "x");
            }
            let before = mock.keys("staging");
            let sync = streamed(&mock);
            mock.fail([Failing::all(&format!("GET /{bucket}?"), "", fault).after(2)]);
            let error = run(&sync, MIRROR).await.unwrap_err();
            assert!(matches!(error, Error::List { .. }), "{error}");
            let text = error.to_string();
            let side = if bucket == "production" { "source" } else { "target" };
            assert!(
                text.starts_with(&format!("the {side} s3://{bucket}/store could not be listed")),
                "{text}"
            );
            assert!(text.ends_with("nothing was changed"), "{text}");
            let is_change = |line: &String| !line.starts_with("GET ");
            assert!(!mock.requests().iter().any(is_change), "{:#?}", mock.requests());
            assert_eq!(mock.keys("staging"), before);
            mends(&mock, &sync).await;
        }
    }
}

#[tokio::test]
async fn a_failed_object_stops_no_other_and_keeps_what_would_be_deleted() {
    for make in [streamed, in_store] {
        let mock = filled();
        let sync = make(&mock);
        mock.fail([
            Failing::all("PUT /staging/store/3", "", FORBIDDEN),
            Failing::all("PUT /staging/store/5", "", BucketFault::Status(500)),
            Failing::all("PUT /staging/store/large", "", BucketFault::Status(500)),
        ]);
        let error = run(&sync, MIRROR).await.unwrap_err();
        let Error::Copy { failures, count: 3, would_delete: 1 } = &error else { panic!("{error}") };
        let mut keys: Vec<_> = failures.iter().map(|failure| failure.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["3", "5", "large"]);
        let text = error.to_string();
        assert!(text.starts_with("3 objects could not be copied: \n  "), "{text}");
        assert!(text.contains("403") && text.contains("500"), "{text}");
        assert!(text.ends_with("nothing was deleted (1 would have been)"), "{text}");
        assert!(!text.contains(S3Buckets::SECRET), "{text}");
        assert!(mock.object("staging", "store/gone").is_some());
        assert!(mock.object("staging", "store/8").is_some());
        assert_eq!(mock.open_uploads(), 0, "an upload is left");
        mock.fail([]);
        let (phases, _) = run(&sync, MIRROR).await.unwrap();
        assert!(phases.ends_with("delete=1"), "{phases}");
        mends(&mock, &sync).await;
    }
}

#[tokio::test]
async fn a_second_run_goes_on_with_what_is_missing() {
    let mock = filled();
    let sync = streamed(&mock);
    mock.fail([Failing::all("PUT /staging/store/large", "", FORBIDDEN)]);
    run(&sync, MIRROR).await.unwrap_err();
    mock.fail([]);
    let (_, lines) = run(&sync, MIRROR).await.unwrap();
    assert_eq!(lines, ["delete gone", "copy large (new)"]);
}

#[tokio::test]
async fn many_failures_are_counted_and_some_named() {
    let mock = filled();
    for number in 100..150 {
        mock.put("production", &format!("store/{number}"), OLD, "x");
    }
    // A key that may only read.
    let sync = between(&mock, S3Buckets::KEY_ID, S3Buckets::READER);
    let error = run(&sync, MIRROR).await.unwrap_err();
    let Error::Copy { failures, count: 62, .. } = &error else { panic!("{error}") };
    assert_eq!(failures.len(), 20);
    let text = error.to_string();
    assert!(text.contains("AccessDenied"), "{text}");
    assert!(text.contains("\n  and 42 more\n"), "{text}");
    assert_eq!(mock.keys("staging").len(), 3);
}

#[tokio::test]
async fn a_deletion_that_fails_is_told_and_everything_is_copied() {
    let mock = filled();
    let sync = streamed(&mock);
    mock.fail([Failing::all("POST /staging", "delete", FORBIDDEN)]);
    let error = run(&sync, MIRROR).await.unwrap_err();
    assert!(matches!(error, Error::Delete { count: 1, .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("everything was copied, but 1 object could not be deleted"), "{text}");
    assert!(mock.object("staging", "store/large").is_some());
    mends(&mock, &sync).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_an_error_and_no_empty_one() {
    let mock = filled();
    let open = |source: &str, target: &str| {
        MediaSync::open(
            &side(source, mock.environment()),
            &side(target, mock.environment()),
            settings(),
            &limits(),
        )
        .unwrap()
    };
    for (source, target, which) in [
        ("s3://nobodys/store", "s3://staging/store", "source"),
        ("s3://production/store", "s3://nobodys/store", "target"),
    ] {
        let error = run(&open(source, target), MIRROR).await.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the {which} s3://nobodys/store could not be listed")),
            "{error}"
        );
        assert!(error.contains("NoSuchBucket"), "{error}");
    }
    let away = side(
        "s3://production/store",
        vec![
            ("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:1".into()),
            ("AWS_ACCESS_KEY_ID".into(), "x".into()),
            ("AWS_SECRET_ACCESS_KEY".into(), "x".into()),
        ],
    );
    let target = side("s3://staging/store", mock.environment());
    let sync = MediaSync::open(&away, &target, settings(), &limits()).unwrap();
    let error = run(&sync, MIRROR).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}
