//! Downloadable files, and faults of their downloads.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

/// Number of zeros that are sent at a time.
const PIECE: u64 = 64 << 10;

/// A fault of one download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadFault {
    /// It is answered with this status.
    Status(u16),
    /// This many bytes are sent, then the connection breaks.
    CutAfter(u64),
    /// This many bytes are sent, then nothing more, and the connection stays open.
    StallAfter(u64),
    /// The whole file is sent, whatever range was requested.
    IgnoreRange,
    /// No fault.
    None,
}

/// A requested download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// Which file.
    pub name: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// The header `If-Range`.
    pub if_range: Option<String>,
    /// The query, which contains what a signed URL needs.
    pub query: String,
}

/// Files by name, and the faults of the next downloads, in order.
#[derive(Debug, Clone, Default)]
pub struct Downloads(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: HashMap<String, File>,
    faults: VecDeque<DownloadFault>,
    requests: Vec<DownloadRequest>,
    versions: u64,
    no_length: bool,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Bytes,
    /// Number of zeros after the bytes.
    zeros: u64,
    tag: String,
}

impl File {
    fn len(&self) -> u64 {
        self.bytes.len() as u64 + self.zeros
    }

    /// The bytes from `from` to the end, piece by piece.
    fn pieces(&self, from: u64) -> impl Iterator<Item = Bytes> + Send + use<> {
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(self.bytes.len());
        let first = self.bytes.slice(start..);
        let mut left = self.zeros - from.saturating_sub(self.bytes.len() as u64).min(self.zeros);
        let zeros = Bytes::from(vec![0; usize::try_from(PIECE).unwrap_or_default()]);
        let rest = std::iter::from_fn(move || {
            let now = left.min(PIECE);
            left -= now;
            (now > 0).then(|| zeros.slice(..usize::try_from(now).unwrap_or_default()))
        });
        std::iter::once(first).filter(|first| !first.is_empty()).chain(rest)
    }
}

impl Downloads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a file, replacing one with the same name.
    pub fn put(&self, name: &str, bytes: impl Into<Bytes>) {
        self.put_with_zeros(name, bytes, 0);
    }

    /// [`Downloads::put`] with this many additional zeros, which take no memory.
    pub fn put_with_zeros(&self, name: &str, bytes: impl Into<Bytes>, zeros: u64) {
        let mut state = self.lock();
        state.versions += 1;
        let tag = format!("\"version-{}\"", state.versions);
        state.files.insert(name.into(), File { bytes: bytes.into(), zeros, tag });
    }

    /// Removes a file.
    pub fn remove(&self, name: &str) {
        self.lock().files.remove(name);
    }

    /// The length and tag of a file.
    #[must_use]
    pub fn stat(&self, name: &str) -> Option<(u64, String)> {
        self.lock().files.get(name).map(|file| (file.len(), file.tag.clone()))
    }

    /// The faults of the next downloads, in order; later ones have none.
    pub fn fail(&self, faults: impl IntoIterator<Item = DownloadFault>) {
        self.lock().faults = faults.into_iter().collect();
    }

    /// Sends no `Content-Length` from now on, like a server that generates its answers on the fly.
    pub fn without_length(&self) {
        self.lock().no_length = true;
    }

    /// The requested downloads, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<DownloadRequest> {
        self.lock().requests.clone()
    }

    /// Answers a download of `name`.
    pub(crate) fn answer(&self, name: &str, query: &str, headers: &HeaderMap) -> Response<Body> {
        let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let (range, if_range) = (text(header::RANGE), text(header::IF_RANGE));
        let (file, fault, no_length) = {
            let mut state = self.lock();
            state.requests.push(DownloadRequest {
                name: name.into(),
                range: range.clone(),
                if_range: if_range.clone(),
                query: query.into(),
            });
            let fault = state.faults.pop_front().unwrap_or(DownloadFault::None);
            (state.files.get(name).cloned(), fault, state.no_length)
        };
        if let DownloadFault::Status(status) = fault {
            return plain(status, "out of order");
        }
        let Some(file) = file else { return plain(404, "no such file") };
        if text(header::IF_MATCH).is_some_and(|wanted| wanted != file.tag) {
            return plain(412, "another version");
        }
        let range = range.filter(|_| {
            fault != DownloadFault::IgnoreRange && if_range.is_none_or(|wanted| wanted == file.tag)
        });
        let from = range
            .and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse::<u64>().ok());
        if from.is_some_and(|from| from >= file.len()) {
            return plain(416, "out of range");
        }
        let start = from.unwrap_or_default();
        let length = file.len() - start;
        let mut response = Response::builder()
            .status(if from.is_some() { 206 } else { 200 })
            .header(header::ETAG, &file.tag)
            .header(header::LAST_MODIFIED, "Sat, 21 Nov 2026 01:00:00 GMT");
        if !no_length {
            response = response.header(header::CONTENT_LENGTH, length);
        }
        if from.is_some() {
            let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
            response = response.header(header::CONTENT_RANGE, range);
        }
        response.body(body(&file, start, &fault)).unwrap_or_default()
    }
}

fn body(file: &File, from: u64, fault: &DownloadFault) -> Body {
    let pieces = file.pieces(from);
    match *fault {
        DownloadFault::CutAfter(bytes) => {
            let cut = stream::once(async {
                // The bytes are sent first: if the server failed at once, it would send nothing.
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            });
            Body::from_stream(stream::iter(limited(pieces, bytes)).map(Ok).chain(cut))
        }
        DownloadFault::StallAfter(bytes) => {
            let sent = stream::iter(limited(pieces, bytes));
            Body::from_stream(sent.chain(stream::pending()).map(Ok::<_, std::io::Error>))
        }
        _ => Body::from_stream(stream::iter(pieces).map(Ok::<_, std::io::Error>)),
    }
}

fn limited(
    pieces: impl Iterator<Item = Bytes> + Send,
    mut bytes: u64,
) -> impl Iterator<Item = Bytes> + Send {
    pieces.map_while(move |piece| {
        let now = bytes.min(piece.len() as u64);
        bytes -= now;
        (now > 0).then(|| piece.slice(..usize::try_from(now).unwrap_or_default()))
    })
}

/// A short answer in plain text.
pub(super) fn plain(status: u16, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// An answer in JSON.
pub(super) fn json(value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
