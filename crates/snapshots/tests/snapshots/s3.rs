//! A bucket of S3, and how it is used here.

use std::time::Duration;

use http_requests::RetryLimits;
use object_stores::{ObjectPlace, StoreLimits};
use test_servers::fakes::S3Buckets;

/// A place in a bucket of S3, and how often a request is tried there.
pub(crate) fn s3(server: &S3Buckets, path: &str) -> ObjectPlace {
    let url = format!("s3://backups/{path}").parse().unwrap();
    ObjectPlace::open(&url, server.environment(), &limits()).unwrap()
}

pub(crate) fn limits() -> StoreLimits {
    let (first_wait, longest_wait) = (Duration::from_millis(5), Duration::from_millis(20));
    let longest_asked_wait = Duration::from_secs(1);
    let retry = RetryLimits { retries: 2, first_wait, longest_wait, longest_asked_wait };
    StoreLimits { silence: Duration::from_secs(20), retry }
}
