//! Multipart upload of a stream, with only a few parts in memory.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use progress::CancellationToken;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream};
use tokio::task::JoinSet;

/// Buffer between packing and uploading.
const PIPE: usize = 256 << 10;

/// S3's minimum part size; all parts except the last must have the same size.
const SMALLEST_PART: u64 = 5 << 20;

/// S3 accepts at most 10,000 parts.
const MOST_PARTS: u64 = 9_000;

/// Number of parts uploaded in parallel.
const AT_ONCE: usize = 2;

/// Time limit for aborting an upload after a cancellation.
const ABORT_LIMIT: Duration = Duration::from_secs(5);

/// The uploaded object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Why an object was not written.
#[derive(Debug)]
pub(crate) enum UploadError<E> {
    /// It was cancelled.
    Cancelled,
    /// Producing the content failed.
    Fill(E),
    /// The store refused a request.
    Store(object_store::Error),
}

/// A failed upload, and whether invisible parts of it may remain in the store.
#[derive(Debug)]
pub(crate) struct Failed<E> {
    pub(crate) error: UploadError<E>,
    pub(crate) parts_left: bool,
}

/// The part size for an object of at most `bytes`.
pub(crate) fn part_length(bytes: u64) -> u64 {
    bytes.div_ceil(MOST_PARTS).max(SMALLEST_PART)
}

/// Writes the output of `fill` as the object at `path`. The object is not visible before it is complete,
/// and does not exist after a failure.
pub(crate) async fn upload<T, E>(
    store: &dyn ObjectStore,
    path: &Path,
    part: u64,
    cancel: &CancellationToken,
    fill: impl AsyncFnOnce(DuplexStream) -> Result<T, E>,
) -> Result<(T, Uploaded), Failed<E>> {
    let mut parts = Parts::new(store, path, part);
    let (writer, reader) = tokio::io::duplex(PIPE);
    let work = async {
        let fill = async { fill(writer).await.map_err(UploadError::Fill) };
        let send = async { parts.send(reader).await.map_err(UploadError::Store) };
        // The end of the stream does not mean success; only `fill` can tell.
        let (filled, last) = futures_util::future::try_join(fill, send).await?;
        parts.complete(last).await.map_err(UploadError::Store)?;
        Ok((filled, parts.uploaded()))
    };
    let result = cancel.run_until_cancelled(work).await.unwrap_or(Err(UploadError::Cancelled));
    match result {
        Ok(done) => Ok(done),
        Err(error) => Err(Failed { error, parts_left: !parts.abort().await }),
    }
}

struct Parts<'a> {
    store: &'a dyn ObjectStore,
    path: &'a Path,
    part: usize,
    /// Started with the second part: content that fits into one part is put with a single request.
    begun: Option<Box<dyn MultipartUpload>>,
    travelling: JoinSet<object_store::Result<()>>,
    hash: Sha256,
    bytes: u64,
}

impl<'a> Parts<'a> {
    fn new(store: &'a dyn ObjectStore, path: &'a Path, part: u64) -> Self {
        let part = usize::try_from(part).unwrap_or(usize::MAX);
        let (travelling, hash) = (JoinSet::new(), Sha256::new());
        Self { store, path, part, begun: None, travelling, hash, bytes: 0 }
    }

    /// Uploads all parts except the last, which it returns.
    async fn send(&mut self, mut reader: impl AsyncRead + Unpin) -> object_store::Result<Bytes> {
        let mut full: Option<Bytes> = None;
        loop {
            let part = self.read(&mut reader).await?;
            if part.is_empty() {
                return Ok(full.unwrap_or_default());
            }
            let is_last = part.len() < self.part;
            if let Some(full) = full.replace(part) {
                self.put(full).await?;
            }
            if is_last {
                return Ok(full.unwrap_or_default());
            }
        }
    }

    async fn read(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> object_store::Result<Bytes> {
        let mut part = BytesMut::with_capacity(self.part);
        while part.len() < self.part {
            let wanted = (self.part - part.len()) as u64;
            let read = reader.take(wanted).read_buf(&mut part).await;
            if read.map_err(|source| generic(Box::new(source)))? == 0 {
                break;
            }
        }
        self.hash.update(&part);
        self.bytes += part.len() as u64;
        Ok(part.freeze())
    }

    async fn put(&mut self, part: Bytes) -> object_store::Result<()> {
        while self.travelling.len() >= AT_ONCE {
            self.arrived().await?;
        }
        if self.begun.is_none() {
            self.begun = Some(self.store.put_multipart(self.path).await?);
        }
        if let Some(begun) = &mut self.begun {
            self.travelling.spawn(begun.put_part(PutPayload::from_bytes(part)));
        }
        Ok(())
    }

    /// Waits until a part has been uploaded.
    async fn arrived(&mut self) -> object_store::Result<()> {
        match self.travelling.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(generic(Box::new(error))),
            None => Ok(()),
        }
    }

    async fn complete(&mut self, last: Bytes) -> object_store::Result<()> {
        if self.begun.is_none() {
            self.store.put(self.path, PutPayload::from_bytes(last)).await?;
            return Ok(());
        }
        self.put(last).await?;
        while !self.travelling.is_empty() {
            self.arrived().await?;
        }
        if let Some(begun) = &mut self.begun {
            begun.complete().await?;
        }
        self.begun = None;
        Ok(())
    }

    fn uploaded(&self) -> Uploaded {
        Uploaded { bytes: self.bytes, sha256: hex::encode(self.hash.clone().finalize()) }
    }

    /// Removes the uploaded parts; returns whether nothing is left.
    async fn abort(&mut self) -> bool {
        self.travelling.shutdown().await;
        let Some(mut begun) = self.begun.take() else { return true };
        matches!(tokio::time::timeout(ABORT_LIMIT, begun.abort()).await, Ok(Ok(())))
    }
}

/// If it is dropped before the end, it still removes the uploaded parts, provided that there is a runtime.
impl Drop for Parts<'_> {
    fn drop(&mut self) {
        if let Some(mut begun) = self.begun.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { begun.abort().await });
        }
    }
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic { store: "upload", source }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use tokio::io::AsyncWriteExt;

    use super::*;

    const PART: u64 = 1_000;

    async fn uploaded(bytes: usize) -> (Uploaded, Bytes) {
        let store = Arc::new(InMemory::new());
        let path = Path::from("a/b");
        let content: Vec<u8> = (0..bytes).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let never = CancellationToken::new();
        let ((), uploaded) = upload(&*store, &path, PART, &never, async |mut writer| {
            // In pieces that are not a divisor of the part size.
            for piece in content.chunks(77) {
                writer.write_all(piece).await?;
            }
            Ok::<(), std::io::Error>(())
        })
        .await
        .unwrap();
        assert_eq!(uploaded.sha256, hex::encode(Sha256::digest(&content)));
        let found = store.get(&path).await.unwrap().bytes().await.unwrap();
        assert!(found == content, "{bytes} bytes");
        (uploaded, found)
    }

    #[tokio::test]
    async fn every_length_arrives_whole() {
        for bytes in [0, 1, 999, 1_000, 1_001, 2_000, 4_000, 54_321] {
            assert_eq!(uploaded(bytes).await.0.bytes, bytes as u64);
        }
    }

    #[tokio::test]
    async fn what_fails_or_is_cancelled_leaves_no_object() {
        let store = InMemory::new();
        let path = Path::from("a/b");
        let never = CancellationToken::new();
        let failed = upload(&store, &path, PART, &never, async |mut writer| {
            writer.write_all(&[7; 5_500]).await.unwrap();
            writer.shutdown().await.unwrap();
            Err::<(), _>("out of order")
        });
        let failed = failed.await.unwrap_err();
        assert!(matches!(failed.error, UploadError::Fill("out of order")) && !failed.parts_left);

        let cancel = CancellationToken::new();
        let cancelled = upload(&store, &path, PART, &cancel, async |mut writer| {
            writer.write_all(&[7; 5_500]).await.unwrap();
            cancel.cancel();
            std::future::pending::<Result<(), ()>>().await
        });
        let failed = cancelled.await.unwrap_err();
        assert!(matches!(failed.error, UploadError::Cancelled) && !failed.parts_left);
        assert!(store.get(&path).await.is_err());
    }

    #[test]
    fn parts_are_no_more_than_stores_take() {
        assert_eq!(part_length(2 << 30), 5 << 20);
        assert!((5_u64 << 40).div_ceil(part_length(5 << 40)) <= 10_000);
    }
}
