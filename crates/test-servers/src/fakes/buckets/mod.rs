//! Writable S3 server: several buckets, in path style (`/bucket/key`), with multipart uploads, copies
//! within the server, access control lists and bulk deletion. It is as strict as S3 about common mistakes
//! of clients, and fails on request.

mod answers;
mod faults;
mod objects;
mod state;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, header};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

pub use faults::{BucketFault, Failing};
pub use state::StoredObject;

use crate::error::Error;
use crate::fakes::http::HttpServer;
use answers::{denied, error};
use state::{Buckets, Call};

/// Buckets on a server of their own; stopped when dropped.
#[derive(Debug)]
pub struct S3Buckets {
    server: HttpServer,
    shared: Arc<Buckets>,
}

impl S3Buckets {
    /// A key id with all permissions.
    pub const KEY_ID: &'static str = "AKIAWRITESALL";
    /// A read-only key id.
    pub const READER: &'static str = "AKIAREADSONLY";
    /// The secret of both.
    pub const SECRET: &'static str = "s3-secret-of-the-buckets";

    /// Starts a server with these buckets, which are empty.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(buckets: &[&str]) -> Result<Self, Error> {
        let shared = Arc::<Buckets>::default();
        let names = buckets.iter().map(|name| ((*name).to_owned(), BTreeMap::new()));
        shared.lock().buckets.extend(names);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        Ok(Self { server: HttpServer::start(router)?, shared })
    }

    /// The value of `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The environment of a client with this key id.
    #[must_use]
    pub fn environment_of(&self, key_id: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.url().as_str()),
            ("AWS_ACCESS_KEY_ID", key_id),
            ("AWS_SECRET_ACCESS_KEY", Self::SECRET),
            ("AWS_REGION", "eu-west-3"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The environment of a client that may do everything.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment_of(Self::KEY_ID)
    }

    /// Puts an object, modified at `modified` (`2026-11-21T01:00:00Z`).
    ///
    /// # Panics
    /// When `modified` is not a time, or the bucket does not exist.
    pub fn put(&self, bucket: &str, key: &str, modified: &str, bytes: impl Into<Bytes>) {
        self.put_with(bucket, key, modified, bytes, &[]);
    }

    /// [`S3Buckets::put`] with headers.
    ///
    /// # Panics
    /// When `modified` is not a time, or the bucket does not exist.
    pub fn put_with(
        &self,
        bucket: &str,
        key: &str,
        modified: &str,
        bytes: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) {
        let modified = modified.parse().expect("a time");
        let headers =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut state = self.shared.lock();
        let tag = state.tag();
        let object = StoredObject { bytes: bytes.into(), modified, tag, headers, acl: None };
        state.buckets.get_mut(bucket).expect("a bucket").insert(key.into(), object);
    }

    /// Removes an object.
    pub fn remove(&self, bucket: &str, key: &str) {
        self.shared.lock().buckets.get_mut(bucket).and_then(|objects| objects.remove(key));
    }

    /// An object.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        self.shared.lock().buckets.get(bucket)?.get(key).cloned()
    }

    /// The keys of a bucket, in order.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let state = self.shared.lock();
        state.buckets.get(bucket).into_iter().flatten().map(|(key, _)| key.clone()).collect()
    }

    /// The requests received, as `PUT /bucket/key?partNumber=1&uploadId=1`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }

    /// Multipart uploads that were started, and neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.shared.lock().uploads.len()
    }

    /// Makes requests fail from now on, and removes earlier faults.
    pub fn fail(&self, failings: impl IntoIterator<Item = Failing>) {
        self.shared.faults().set(failings);
    }
}

async fn answer(State(shared): State<Arc<Buckets>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let line = format!("{} {}", parts.method, parts.uri);
    shared.lock().requests.push(line.clone());
    let fault = shared.faults().next(&line);
    match fault {
        Some(BucketFault::Status(status)) => return error(status, "OutOfOrder"),
        Some(BucketFault::Stall) => return std::future::pending().await,
        _ => {}
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return error(400, "IncompleteBody");
    };
    let path = parts.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = parts.uri.query().unwrap_or_default().split('&').filter(|one| !one.is_empty());
    let query = query.map(|one| {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        (decoded(name), decoded(value))
    });
    let call = Call {
        method: parts.method,
        bucket: decoded(bucket),
        key: decoded(key),
        query: query.collect(),
        headers: parts.headers,
        body,
    };
    if let Some(refusal) = refusal(&call) {
        return refusal;
    }
    let mut state = shared.lock();
    if !state.buckets.contains_key(&call.bucket) {
        return error(404, "NoSuchBucket");
    }
    state.carry_out(&call, fault)
}

/// Requests must be signed, including every Amazon header; the signature itself is not checked.
fn refusal(call: &Call) -> Option<Response<Body>> {
    let authorization = call.header(header::AUTHORIZATION.as_str()).unwrap_or_default();
    let is_writer = authorization.contains(S3Buckets::KEY_ID);
    let reads = call.method == Method::GET || call.method == Method::HEAD;
    let is_reader = authorization.contains(S3Buckets::READER);
    if !(is_writer || is_reader && reads) {
        return Some(denied());
    }
    let signed = authorization.split("SignedHeaders=").nth(1)?.split(',').next()?;
    let signed: Vec<&str> = signed.split(';').collect();
    let amazons = call.headers.keys().filter(|name| name.as_str().starts_with("x-amz-"));
    if amazons.into_iter().any(|name| !signed.contains(&name.as_str())) {
        return Some(error(403, "HeadersNotSigned"));
    }
    // S3 may accept or reject this; a client that sends it is wrong.
    (call.headers.contains_key("x-amz-acl") && !call.creates())
        .then(|| error(400, "UnexpectedAccessControlList"))
}
