//! What the buckets hold, and a request to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::faults::Faults;

/// A stored object.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// Its content.
    pub bytes: Bytes,
    /// Its modification time, with a resolution of seconds.
    pub modified: DateTime<Utc>,
    /// Its ETag, including quotes.
    pub tag: String,
    /// `content-type`, `cache-control`, `x-amz-meta-…` and the like.
    pub headers: BTreeMap<String, String>,
    /// `x-amz-acl`, if it was given.
    pub acl: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) state: Mutex<BucketState>,
    pub(super) faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
pub(super) struct BucketState {
    pub(super) buckets: BTreeMap<String, BTreeMap<String, StoredObject>>,
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) requests: Vec<String>,
    pub(super) versions: u64,
}

/// An upload in progress.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) headers: BTreeMap<String, String>,
    pub(super) acl: Option<String>,
    /// Parts by number: ETag and content.
    pub(super) parts: BTreeMap<usize, (String, Bytes)>,
}

/// A parsed request.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn is_of(&self, parameter: &str) -> bool {
        self.query.contains_key(parameter)
    }

    /// Whether it creates an object, and may therefore have an object's headers.
    pub(super) fn creates(&self) -> bool {
        (self.method == Method::PUT && !self.is_of("partNumber"))
            || (self.method == Method::POST && self.is_of("uploads"))
    }
}

impl Buckets {
    pub(super) fn lock(&self) -> MutexGuard<'_, BucketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BucketState {
    pub(super) fn tag(&mut self) -> String {
        self.versions += 1;
        format!("\"version-{}\"", self.versions)
    }
}
