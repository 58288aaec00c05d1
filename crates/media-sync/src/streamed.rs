//! Streaming copy of an object from one store to another, with bounded memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, Result,
};
use progress::{CancellationToken, ProgressItem};
use tokio::task::JoinSet;

use crate::{Kind, attributes};

/// Objects up to this size are written with one request; larger ones in parts of at least this size.
pub(crate) const PART: u64 = 8 << 20;

/// Maximum number of parts of an object; S3 accepts 10,000.
const MOST_PARTS: u64 = 9_000;

/// How often an object that changes during the copy is copied again.
const TRIES: u32 = 3;

/// Time limit for aborting an upload.
const ABORT: Duration = Duration::from_secs(3);

/// The two ends of a streaming copy.
pub(crate) struct Streamed<'a> {
    pub(crate) from: &'a Arc<dyn ObjectStore>,
    pub(crate) to: &'a Arc<dyn ObjectStore>,
    pub(crate) to_kind: Kind,
    pub(crate) progress: &'a ProgressItem,
    pub(crate) cancel: &'a CancellationToken,
}

/// The part size for an object of this size.
pub(crate) fn part_size(size: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    PART.max(size.div_ceil(MOST_PARTS).div_ceil(MIB) * MIB)
}

impl Streamed<'_> {
    /// Copies, then checks whether the source is still the version that was read: otherwise the target's
    /// newer time would hide the change from the next run.
    pub(crate) async fn copy(&self, source: &Path, target: &Path) -> Result<u64> {
        for _ in 0..TRIES {
            let read = self.once(source, target).await?;
            let now = self.from.head(source).await?;
            if is_same(&read, &now) {
                return Ok(read.size);
            }
            tracing::debug!(%source, "It was changed while it was copied: once more");
        }
        Err(failed(format!("it was changed {TRIES} times while it was copied")))
    }

    async fn once(&self, source: &Path, target: &Path) -> Result<ObjectMeta> {
        let got = self.from.get_opts(source, GetOptions::default()).await?;
        let meta = got.meta.clone();
        let attributes = attributes::kept(&got.attributes, target.as_ref(), self.to_kind);
        let body = got.into_stream();
        if meta.size <= PART {
            let pieces = Pieces::new(body, meta.size, self.progress).next_part(PART).await?;
            let payload = PutPayload::from_iter(pieces.unwrap_or_default());
            let options = PutOptions { attributes, ..PutOptions::default() };
            self.to.put_opts(target, payload, options).await?;
        } else {
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            let mut upload = self.to.put_multipart_opts(target, options).await?;
            let pieces = Pieces::new(body, meta.size, self.progress);
            let written =
                self.cancel.run_until_cancelled(in_parts(&mut *upload, pieces, meta.size));
            match written.await {
                Some(Ok(())) => {}
                failed_or_cancelled => {
                    // Remaining parts would be charged for, although no listing shows them.
                    let _ = tokio::time::timeout(ABORT, upload.abort()).await;
                    return Err(match failed_or_cancelled {
                        Some(Err(error)) => error,
                        _ => failed("cancelled".into()),
                    });
                }
            }
        }
        Ok(meta)
    }
}

/// One part is uploaded while the next one is read.
async fn in_parts(
    upload: &mut dyn MultipartUpload,
    mut pieces: Pieces<'_>,
    size: u64,
) -> Result<()> {
    let mut travelling = JoinSet::new();
    while let Some(part) = pieces.next_part(part_size(size)).await? {
        arrived(&mut travelling).await?;
        travelling.spawn(upload.put_part(PutPayload::from_iter(part)));
    }
    arrived(&mut travelling).await?;
    upload.complete().await?;
    Ok(())
}

async fn arrived(travelling: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(part) = travelling.join_next().await {
        part.map_err(|error| failed(error.to_string()))??;
    }
    Ok(())
}

/// The bytes of an object, divided into parts.
struct Pieces<'a> {
    body: BoxStream<'static, Result<Bytes>>,
    rest: Bytes,
    left: u64,
    progress: &'a ProgressItem,
}

impl<'a> Pieces<'a> {
    fn new(body: BoxStream<'static, Result<Bytes>>, size: u64, progress: &'a ProgressItem) -> Self {
        Self { body: body.boxed(), rest: Bytes::new(), left: size, progress }
    }

    /// The next `length` bytes, or fewer at the end; `None` after the end.
    async fn next_part(&mut self, length: u64) -> Result<Option<Vec<Bytes>>> {
        let mut part = Vec::new();
        let mut wanted = length.min(self.left);
        if wanted == 0 {
            return Ok(None);
        }
        while wanted > 0 {
            if self.rest.is_empty() {
                let Some(piece) = self.body.try_next().await? else {
                    return Err(failed(format!("it ended {} bytes early", self.left)));
                };
                self.rest = piece;
            }
            let now = self.rest.len().min(usize::try_from(wanted).unwrap_or(usize::MAX));
            let piece = self.rest.split_to(now);
            wanted -= now as u64;
            self.left -= now as u64;
            self.progress.advance(0, now as u64);
            part.push(piece);
        }
        Ok(Some(part))
    }
}

fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.size == other.size
        && match (&one.e_tag, &other.e_tag) {
            (Some(one), Some(other)) => one == other,
            _ => one.last_modified == other.last_modified,
        }
}

fn failed(reason: String) -> Error {
    Error::Generic { store: "media-sync", source: reason.into() }
}
