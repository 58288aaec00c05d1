//! Operations on objects: put, copy, read, list, delete.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, header};
use bytes::Bytes;
use chrono::{SubsecRound, Utc};
use futures_util::{StreamExt, stream};
use percent_encoding::percent_decode_str;

use super::answers::{elements, empty, error, escaped, xml};
use super::faults::BucketFault;
use super::state::{BucketState, Call, StoredObject};

/// Keys per page of a listing; small, so that tests need a second page.
const PAGE: usize = 3;

/// Headers that belong to an object.
const KEPT: [&str; 6] = [
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "x-amz-storage-class",
];

impl BucketState {
    pub(super) fn carry_out(&mut self, call: &Call, fault: Option<BucketFault>) -> Response<Body> {
        match (&call.method, call.key.is_empty()) {
            (&Method::GET, true) => self.list(call),
            (&Method::POST, true) if call.is_of("delete") => self.delete_many(call),
            (&Method::POST, false) if call.is_of("uploads") => self.begin_upload(call),
            (&Method::POST, false) if call.is_of("uploadId") => self.complete_upload(call),
            (&Method::PUT, false) if call.is_of("partNumber") => self.put_part(call),
            (&Method::DELETE, false) if call.is_of("uploadId") => self.abort_upload(call),
            (&Method::PUT, false) if call.headers.contains_key("x-amz-copy-source") => {
                self.copy(call)
            }
            (&Method::PUT, false) => {
                let (headers, acl) = kept(&call.headers);
                let tag = self.store(&call.bucket, &call.key, call.body.clone(), headers, acl);
                tagged(&tag)
            }
            (&Method::DELETE, false) => {
                self.objects(&call.bucket).remove(&call.key);
                empty(204)
            }
            (&Method::GET | &Method::HEAD, false) => self.read(call, fault),
            _ => error(405, "MethodNotAllowed"),
        }
    }

    pub(super) fn objects(&mut self, bucket: &str) -> &mut BTreeMap<String, StoredObject> {
        self.buckets.entry(bucket.to_owned()).or_default()
    }

    pub(super) fn store(
        &mut self,
        bucket: &str,
        key: &str,
        bytes: Bytes,
        headers: BTreeMap<String, String>,
        acl: Option<String>,
    ) -> String {
        let tag = self.tag();
        let modified = Utc::now().trunc_subsecs(0);
        let object = StoredObject { bytes, modified, tag: tag.clone(), headers, acl };
        self.objects(bucket).insert(key.to_owned(), object);
        tag
    }

    fn copy(&mut self, call: &Call) -> Response<Body> {
        let source = call.header("x-amz-copy-source").unwrap_or_default().trim_start_matches('/');
        let source = percent_decode_str(source).decode_utf8_lossy().into_owned();
        let (bucket, key) = source.split_once('/').unwrap_or_default();
        let Some(found) = self.buckets.get(bucket).and_then(|objects| objects.get(key)).cloned()
        else {
            return error(404, "NoSuchKey");
        };
        // Everything except the access control list and the storage class is copied with the content.
        let mut headers = found.headers;
        headers.remove("x-amz-storage-class");
        let (_, acl) = kept(&call.headers);
        let tag = self.store(&call.bucket, &call.key, found.bytes, headers, acl);
        xml(&format!("<CopyObjectResult><ETag>{}</ETag></CopyObjectResult>", escaped(&tag)))
    }

    fn list(&self, call: &Call) -> Response<Body> {
        let text = |name: &str| call.query.get(name).map_or("", String::as_str);
        let prefix = text("prefix");
        let after = text("continuation-token").max(text("start-after"));
        let page = text("max-keys").parse().unwrap_or(PAGE).min(PAGE);
        let objects = self.buckets.get(&call.bucket).into_iter().flatten();
        let mut found =
            objects.filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after).peekable();
        let (mut contents, mut last) = (String::new(), "");
        for (key, object) in found.by_ref().take(page) {
            last = key;
            let _ = write!(
                contents,
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                escaped(key),
                object.modified.format("%Y-%m-%dT%H:%M:%S.000Z"),
                escaped(&object.tag),
                object.bytes.len()
            );
        }
        let more = found.peek().is_some();
        if more {
            let _ = write!(
                contents,
                "<NextContinuationToken>{}</NextContinuationToken>",
                escaped(last)
            );
        }
        xml(&format!(
            "<ListBucketResult><IsTruncated>{more}</IsTruncated>{contents}</ListBucketResult>"
        ))
    }

    fn delete_many(&mut self, call: &Call) -> Response<Body> {
        let body = String::from_utf8_lossy(&call.body);
        let mut deleted = String::new();
        for key in elements(&body, "Key") {
            self.objects(&call.bucket).remove(&key);
            let _ = write!(deleted, "<Deleted><Key>{}</Key></Deleted>", escaped(&key));
        }
        xml(&format!("<DeleteResult>{deleted}</DeleteResult>"))
    }

    fn read(&self, call: &Call, fault: Option<BucketFault>) -> Response<Body> {
        let Some(object) = self.buckets.get(&call.bucket).and_then(|all| all.get(&call.key)) else {
            return error(404, "NoSuchKey");
        };
        if call.header("if-match").is_some_and(|wanted| wanted != object.tag) {
            return error(412, "PreconditionFailed");
        }
        let range = call
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
        let start: usize = range.unwrap_or_default();
        let whole = object.bytes.len();
        if start > 0 && start >= whole {
            return error(416, "InvalidRange");
        }
        let mut response = Response::builder()
            .status(if range.is_some() { 206 } else { 200 })
            .header(header::CONTENT_LENGTH, whole - start)
            .header(header::ETAG, &object.tag)
            .header(
                header::LAST_MODIFIED,
                object.modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            );
        if range.is_some() {
            let sent = format!("bytes {start}-{}/{whole}", whole - 1);
            response = response.header(header::CONTENT_RANGE, sent);
        }
        for (name, value) in &object.headers {
            response = response.header(name, value);
        }
        let bytes = object.bytes.slice(start..);
        let body = match fault {
            _ if call.method == Method::HEAD => Body::empty(),
            Some(BucketFault::CutAfter(length)) => cut(bytes.slice(..length.min(bytes.len()))),
            _ => Body::from(bytes),
        };
        response.body(body).unwrap_or_default()
    }
}

/// These bytes, followed by a broken connection.
fn cut(bytes: Bytes) -> Body {
    let broken = stream::once(async {
        // The bytes are sent first: if the server failed at once, it would send nothing.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    Body::from_stream(stream::iter([Ok(bytes)]).chain(broken))
}

pub(super) fn kept(headers: &HeaderMap) -> (BTreeMap<String, String>, Option<String>) {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let kept = headers
        .keys()
        .map(header::HeaderName::as_str)
        .filter(|name| KEPT.contains(name) || name.starts_with("x-amz-meta-"));
    let kept = kept.filter_map(|name| Some((name.to_owned(), text(name)?))).collect();
    (kept, text("x-amz-acl"))
}

fn tagged(tag: &str) -> Response<Body> {
    let mut response = empty(200);
    if let Ok(tag) = tag.parse() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
