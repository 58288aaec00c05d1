//! Multipart uploads.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Response, header};
use bytes::BytesMut;

use super::answers::{elements, empty, error, escaped, xml};
use super::objects::kept;
use super::state::{BucketState, Call, Upload};

/// The minimum size of all parts except the last.
const LEAST_PART: usize = 5 << 20;

impl BucketState {
    pub(super) fn begin_upload(&mut self, call: &Call) -> Response<Body> {
        let (headers, acl) = kept(&call.headers);
        let id = format!("upload-{}", self.tag().trim_matches('"'));
        self.uploads.insert(id.clone(), Upload { headers, acl, parts: BTreeMap::new() });
        xml(&format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    pub(super) fn put_part(&mut self, call: &Call) -> Response<Body> {
        let tag = self.tag();
        let number = call.query.get("partNumber").and_then(|number| number.parse().ok());
        let (Some(number), Some(upload)) = (number, self.upload(call)) else {
            return error(404, "NoSuchUpload");
        };
        upload.parts.insert(number, (tag.clone(), call.body.clone()));
        let mut response = empty(200);
        if let Ok(tag) = tag.parse() {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }

    pub(super) fn complete_upload(&mut self, call: &Call) -> Response<Body> {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let Some(upload) = self.upload(call) else { return error(404, "NoSuchUpload") };
        let (numbers, tags) = (elements(&body, "PartNumber"), elements(&body, "ETag"));
        let mut whole = BytesMut::new();
        for (place, (number, tag)) in numbers.iter().zip(&tags).enumerate() {
            let Some((kept, bytes)) = number.parse().ok().and_then(|one| upload.parts.get(&one))
            else {
                return error(400, "InvalidPart");
            };
            if kept.trim_matches('"') != tag.trim_matches('"') {
                return error(400, "InvalidPart");
            }
            if place + 1 < numbers.len() && bytes.len() < LEAST_PART {
                return error(400, "EntityTooSmall");
            }
            whole.extend_from_slice(bytes);
        }
        let (headers, acl) = (std::mem::take(&mut upload.headers), upload.acl.take());
        self.uploads.remove(id(call));
        let tag = self.store(&call.bucket, &call.key, whole.freeze(), headers, acl);
        xml(&format!(
            "<CompleteMultipartUploadResult><Bucket>{}</Bucket><Key>{}</Key><ETag>{}</ETag></CompleteMultipartUploadResult>",
            call.bucket,
            escaped(&call.key),
            escaped(&tag)
        ))
    }

    pub(super) fn abort_upload(&mut self, call: &Call) -> Response<Body> {
        match self.uploads.remove(id(call)) {
            Some(_) => empty(204),
            None => error(404, "NoSuchUpload"),
        }
    }

    fn upload(&mut self, call: &Call) -> Option<&mut Upload> {
        self.uploads.get_mut(id(call))
    }
}

fn id(call: &Call) -> &str {
    call.query.get("uploadId").map_or("", String::as_str)
}
