//! What S3 alone does: copies within the store, access control lists, attributes, markers.

use media_sync::{MediaSync, Settings, Side};
use test_servers::fakes::S3Buckets;

use crate::support::{COPY, MIRROR, OLD, large, limits, run, settings, side};

fn filled() -> S3Buckets {
    let mock = S3Buckets::start(&["production", "staging"]).unwrap();
    let headers = [
        ("content-type", "image/x-own"),
        ("cache-control", "max-age=60"),
        ("content-disposition", "inline"),
        ("x-amz-meta-owner", "shop"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ];
    mock.put_with("production", "store/small", OLD, "small", &headers);
    mock.put_with("production", "store/großes Bild +%20.jpg", OLD, large(20 << 20), &headers);
    mock.put("production", "store/untyped.png", OLD, "png");
    mock
}

fn sync(mock: &S3Buckets, reader: &str, target: &str, public_read: bool) -> MediaSync {
    MediaSync::open(
        &side("s3://production/store", mock.environment_of(reader)),
        &side(target, mock.environment()),
        Settings { public_read, ..settings() },
        &limits(),
    )
    .unwrap()
}

fn reads(mock: &S3Buckets) -> usize {
    mock.requests().iter().filter(|line| line.starts_with("GET /production/store/")).count()
}

#[tokio::test]
async fn attributes_and_the_access_list_go_with_the_bytes_whichever_way() {
    for (reader, target, in_store) in [
        (S3Buckets::READER, "s3://staging/store", false),
        (S3Buckets::KEY_ID, "s3://staging/store", true),
        (S3Buckets::KEY_ID, "s3://production/staging/store", true),
    ] {
        for public_read in [false, true] {
            let mock = filled();
            let (phases, _) = run(&sync(&mock, reader, target, public_read), MIRROR).await.unwrap();
            assert_eq!(phases, "list=3 copy=3");
            assert_eq!(reads(&mock) == 0, in_store, "{:#?}", mock.requests());
            let (bucket, prefix) = target[5..].split_once('/').unwrap();
            for key in ["small", "großes Bild +%20.jpg"] {
                let found = mock.object(bucket, &format!("{prefix}/{key}")).unwrap();
                let source = mock.object("production", &format!("store/{key}")).unwrap();
                assert!(found.bytes == source.bytes, "{key}");
                let mut headers = source.headers.clone();
                headers.remove("x-amz-storage-class");
                assert_eq!(found.headers, headers, "{key}");
                assert_eq!(found.acl.as_deref(), public_read.then_some("public-read"), "{key}");
            }
            assert_eq!(mock.open_uploads(), 0);
        }
    }
}

#[tokio::test]
async fn a_directory_has_no_types_and_gets_them_by_name() {
    let mock = S3Buckets::start(&["staging"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("photo.jpg"), "jpg").unwrap();
    std::fs::write(directory.path().join("unknown"), "?").unwrap();
    let sync = MediaSync::open(
        &side(&format!("file://{}", directory.path().display()), vec![]),
        &side("s3://staging", mock.environment()),
        settings(),
        &limits(),
    )
    .unwrap();
    run(&sync, COPY).await.unwrap();
    let kind =
        |key: &str| mock.object("staging", key).unwrap().headers.get("content-type").cloned();
    assert_eq!(kind("photo.jpg").as_deref(), Some("image/jpeg"));
    assert_eq!(kind("unknown"), None);
}

#[tokio::test]
async fn markers_of_directories_are_no_objects() {
    let mock = S3Buckets::start(&["production", "staging"]).unwrap();
    for key in [
        "store/",
        "store/a-b",
        "store/a/",
        "store/a/b",
        "store/empty-x",
        "store/empty/",
        "store/last/",
    ] {
        let bytes: &'static str = if key.ends_with('/') { "" } else { "x" };
        mock.put("production", key, OLD, bytes);
        mock.put("staging", key, OLD, bytes);
    }
    mock.remove("staging", "store/a/b");
    let sync = sync(&mock, S3Buckets::READER, "s3://staging/store", false);
    for _ in 0..2 {
        run(&sync, MIRROR).await.unwrap();
        assert_eq!(mock.keys("staging"), mock.keys("production"));
    }
    assert_eq!(mock.object("staging", "store/a/b").unwrap().bytes, "x");
}

#[test]
fn places_that_overlap_are_refused() {
    let mock = S3Buckets::start(&["production"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("real")).unwrap();
    std::os::unix::fs::symlink(directory.path().join("real"), directory.path().join("link"))
        .unwrap();
    let file = |path: &str| format!("file://{}/{path}", directory.path().display());
    let open = |source: &str, target: &str, reader: &str| {
        let environment =
            |key| if source.starts_with('f') { vec![] } else { mock.environment_of(key) };
        MediaSync::open(
            &side(source, environment(reader)),
            &side(target, environment(S3Buckets::KEY_ID)),
            settings(),
            &limits(),
        )
    };
    for (source, target) in [
        ("s3://production/store".to_owned(), "s3://production/store/".to_owned()),
        ("s3://production/store".into(), "s3://production/store/staging".into()),
        ("s3://production/store/a".into(), "s3://production/store".into()),
        ("s3://production".into(), "s3://production/store".into()),
        (file("real"), file("link/sub")),
        (file("real/sub"), file("link")),
        (file("link"), file("real")),
    ] {
        // Another key of the same store is no other place.
        for reader in [S3Buckets::KEY_ID, S3Buckets::READER] {
            let error = open(&source, &target, reader).unwrap_err().to_string();
            assert!(error.contains("overlap"), "{source} {target}: {error}");
        }
    }
    for (source, target) in [
        ("s3://production/store".to_owned(), "s3://production/store-staging".to_owned()),
        ("s3://production/store".into(), "s3://staging/store".into()),
        (file("real"), file("real2")),
    ] {
        assert!(open(&source, &target, S3Buckets::KEY_ID).is_ok(), "{source} {target}");
    }
}

#[test]
fn each_side_has_its_own_variables_or_the_shared_ones_and_never_both() {
    let all = |extra: &[(&str, &str)]| {
        let shared = [("AWS_ACCESS_KEY_ID", "SHARED"), ("AWS_SESSION_TOKEN", "T"), ("HOME", "/")];
        let both = shared.iter().chain(extra);
        both.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let of = |environment| Side::new("s3://b/p", "MEDIA_SOURCE_", environment).unwrap();
    let shared = of(all(&[]));
    let other = of(all(&[("MEDIA_TARGET_AWS_ACCESS_KEY_ID", "OTHER")]));
    let own =
        of(all(&[("MEDIA_SOURCE_AWS_ACCESS_KEY_ID", "OWN"), ("MEDIA_SOURCE_AWS_REGION", "r")]));
    let only_own = Side::new(
        "s3://b/p",
        "",
        [("AWS_REGION", "r"), ("AWS_ACCESS_KEY_ID", "OWN")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(shared, other);
    assert_eq!(own, only_own.unwrap(), "no token of another key");
    assert!(!format!("{own:?}").contains("OWN"));
    for text in [
        "",
        "bucket/x",
        "https://bucket.s3.amazonaws.com/x",
        "s3://",
        "s3:///x",
        "file://host/x",
        "s3://k:s@b/p",
    ] {
        assert!(Side::new(text, "MEDIA_SOURCE_", []).is_err(), "{text}");
    }
    let open = |url: &str| {
        let directory = tempfile::tempdir().unwrap();
        let source = side(&format!("file://{}", directory.path().display()), vec![]);
        let settings = Settings { public_read: true, ..settings() };
        MediaSync::open(&source, &side(url, vec![]), settings, &limits())
    };
    let error = open("file:///nowhere/target").unwrap_err().to_string();
    assert!(error.contains("S3's alone"), "{error}");
}
