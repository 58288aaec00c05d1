//! Keys that this program cannot handle: they are named, and the others go.

use std::os::unix::ffi::OsStrExt;

use media_sync::MediaSync;
use progress::Context;
use test_servers::fakes::S3Buckets;

use crate::support::{COPY, MIRROR, OLD, limits, phases, run, settings, side};

#[tokio::test]
async fn in_a_bucket() {
    let mock = S3Buckets::start(&["production", "staging"]).unwrap();
    for number in 0..25 {
        mock.put("production", &format!("store/{number}"), OLD, "x");
    }
    for odd in ["../up", "./here", "1/../2", "a\tb", "a\nb", "a//b"] {
        mock.put("production", &format!("store/{odd}"), OLD, "odd");
    }
    mock.put("staging", "store/10", OLD, "x");
    mock.put("staging", "store/gone", OLD, "x");
    let access = mock.environment();
    let sync = MediaSync::open(
        &side("s3://production/store", access.clone()),
        &side("s3://staging/store", access),
        settings(),
        &limits(),
    )
    .unwrap();
    let (found, _) = run(&sync, MIRROR).await.unwrap();
    assert_eq!(found, "list=25 skip=6 copy=25 delete=1");
    let expected: Vec<String> = {
        let mut keys: Vec<String> = (0..25).map(|number| format!("store/{number}")).collect();
        keys.sort();
        keys
    };
    assert_eq!(mock.keys("staging"), expected);
    // Nothing of it is tried again by the next run.
    assert_eq!(run(&sync, MIRROR).await.unwrap().0, "list=25 skip=6 copy=0");
}

#[tokio::test]
async fn in_a_directory() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let top = from.path().join("media");
    std::fs::create_dir_all(top.join("sub")).unwrap();
    for name in ["a", "sub/b", "with space", "100%"] {
        std::fs::write(top.join(name), "x").unwrap();
    }
    for name in [&b"tab\there"[..], b"line\nend", b"caf\xe9", b"upload#1"] {
        std::fs::write(top.join(std::ffi::OsStr::from_bytes(name)), "odd").unwrap();
    }
    let fifo = top.join("sub/pipe");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::os::unix::fs::symlink("nowhere", top.join("broken")).unwrap();
    let url = |path: &std::path::Path| format!("file://{}", path.display());
    let sync = MediaSync::open(
        &side(&url(&top), vec![]),
        &side(&url(&to.path().join("media")), vec![]),
        settings(),
        &limits(),
    )
    .unwrap();
    let limit = std::time::Duration::from_secs(60);
    let context = Context::quiet();
    let summary = tokio::time::timeout(limit, sync.run(COPY, &context, |_| {}));
    let summary = summary.await.expect("a pipe that nobody writes to is not read").unwrap();
    assert_eq!(phases(&summary), "list=4 skip=6 copy=4");
    for name in ["a", "sub/b", "with space", "100%"] {
        assert_eq!(std::fs::read(to.path().join("media").join(name)).unwrap(), b"x", "{name}");
    }
}

#[tokio::test]
async fn a_link_of_the_target_into_the_source_is_refused() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["new/a", "other/precious"] {
        let path = from.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let url = |path: &std::path::Path| side(&format!("file://{}", path.display()), vec![]);
    let open =
        || MediaSync::open(&url(from.path()), &url(to.path()), settings(), &limits()).unwrap();
    // Elsewhere it is part of the target.
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), to.path().join("other")).unwrap();
    let context = Context::quiet();
    open().run(COPY, &context, |_| {}).await.unwrap();
    assert!(elsewhere.path().join("precious").exists());
    std::fs::remove_dir_all(to.path().join("new")).unwrap();
    std::os::unix::fs::symlink(from.path().join("other"), to.path().join("new")).unwrap();
    let error = open().run(MIRROR, &context, |_| {}).await.unwrap_err().to_string();
    assert!(
        error.contains("\"new\" points to") && error.contains("nothing was changed"),
        "{error}"
    );
    assert!(from.path().join("other/precious").exists() && !from.path().join("other/a").exists());
}
