//! Read-only S3 server in path style (`/bucket/key`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, Response, header};
use axum::routing::any;

use super::downloads::{Downloads, plain};
use crate::error::Error;
use crate::fakes::http::HttpServer;

/// Keys per page of a listing; small, so that tests need a second page.
const PAGE: usize = 2;

/// Lists and returns objects; stopped when dropped.
#[derive(Debug)]
pub struct S3Server {
    server: HttpServer,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    downloads: Downloads,
    /// Modification times by key, such as `2026-11-21T01:00:00.000Z`.
    objects: Mutex<BTreeMap<String, String>>,
}

impl S3Server {
    /// The only bucket.
    pub const BUCKET: &'static str = "backups";
    /// The accepted key id.
    pub const KEY_ID: &'static str = "AKIAOFTHETESTS";
    /// Its secret.
    pub const SECRET: &'static str = "s3-secret-of-the-tests";

    /// Starts the server with an empty bucket.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> Result<Self, Error> {
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/{bucket}", any(list))
            .route("/{bucket}/{*key}", any(object))
            .with_state(Arc::clone(&shared));
        Ok(Self { server: HttpServer::start(router)?, shared })
    }

    /// The value of `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The environment that a client needs.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.url().as_str()),
            ("AWS_ACCESS_KEY_ID", Self::KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", Self::SECRET),
            ("AWS_REGION", "eu-west-3"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The downloads of objects, by key.
    #[must_use]
    pub fn downloads(&self) -> &Downloads {
        &self.shared.downloads
    }

    /// Puts an object, modified at `modified` (`2026-11-21T01:00:00.000Z`).
    pub fn put(&self, key: &str, modified: &str, bytes: Vec<u8>) {
        self.downloads().put(key, bytes);
        self.objects().insert(key.into(), modified.into());
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.shared.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests must be signed with the accepted key; the signature itself is not checked.
fn refusal(bucket: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let signed = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains(S3Server::KEY_ID));
    if !signed {
        return Some(plain(403, "<Error><Code>AccessDenied</Code></Error>"));
    }
    (bucket != S3Server::BUCKET).then(|| plain(404, "<Error><Code>NoSuchBucket</Code></Error>"))
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Path(bucket): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(refusal) = refusal(&bucket, &headers) {
        return refusal;
    }
    let prefix = query.get("prefix").map_or("", String::as_str);
    let after = query.get("continuation-token").map_or("", String::as_str);
    let objects = shared.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
        .peekable();
    let mut contents = String::new();
    let mut last = "";
    for (key, modified) in found.by_ref().take(PAGE) {
        last = key;
        let (size, tag) = shared.downloads.stat(key).unwrap_or_default();
        let _ = write!(
            contents,
            "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified>\
             <ETag>{tag}</ETag><Size>{size}</Size></Contents>"
        );
    }
    let more = found.peek().is_some();
    let next = if more {
        format!("<NextContinuationToken>{last}</NextContinuationToken>")
    } else {
        String::new()
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>\
         <IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>"
    );
    let mut response = plain(200, &xml);
    let kind = header::HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn object(
    State(shared): State<Arc<Shared>>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(refusal) = refusal(&bucket, &headers) {
        return refusal;
    }
    let modified = shared.objects.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let Some(modified) = modified else {
        return plain(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    let mut response = if method == Method::HEAD {
        let (size, tag) = shared.downloads.stat(&key).unwrap_or_default();
        Response::builder()
            .header(header::CONTENT_LENGTH, size)
            .header(header::ETAG, tag)
            .body(Body::empty())
            .unwrap_or_default()
    } else {
        shared.downloads.answer(&key, "", &headers)
    };
    if let Some(date) = http_date(&modified) {
        response.headers_mut().insert(header::LAST_MODIFIED, date);
    }
    response
}

fn http_date(modified: &str) -> Option<header::HeaderValue> {
    let time = chrono::DateTime::parse_from_rfc3339(modified).ok()?;
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string().parse().ok()
}
