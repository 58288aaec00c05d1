//! An object read from one store and written to another, with bounded memory.

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

/// Up to this size an object is one request; above, it is written in parts of it.
pub(crate) const PART: u64 = 8 << 20;

/// Parts of one object: S3 takes 10 000.
const MOST_PARTS: u64 = 9_000;

/// How often an object is read again that was changed while it was read.
const TRIES: u32 = 3;

/// How long giving up an upload may take.
const ABORT: Duration = Duration::from_secs(3);

/// What an object needs to go from one store to the other.
pub(crate) struct Streamed<'a> {
    pub(crate) from: &'a Arc<dyn ObjectStore>,
    pub(crate) to: &'a Arc<dyn ObjectStore>,
    pub(crate) to_kind: Kind,
    pub(crate) progress: &'a ProgressItem,
    pub(crate) cancel: &'a CancellationToken,
}

/// How large the parts of an object of this size are.
pub(crate) fn part_size(size: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    PART.max(size.div_ceil(MOST_PARTS).div_ceil(MIB) * MIB)
}

impl Streamed<'_> {
    /// Copies, and looks afterwards whether the source is still what was read: the target's time would
    /// hide the change from the next run.
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
                    // What is left of it is paid for, and nobody sees it.
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

/// One part travels while the next one is read.
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

/// The bytes of an object, as they come, cut into parts.
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

    /// The next `length` bytes, or fewer at the end; nothing after it.
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
