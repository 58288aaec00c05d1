//! An object that is changed while it is copied.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use media_sync::{Kind, MediaSync};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use object_stores::ObjectPlace;

use crate::support::{COPY, contents, run, settings};

/// Writes the object anew as soon as it has been read, so many times.
#[derive(Debug)]
struct Changing {
    inner: InMemory,
    left: AtomicUsize,
}

impl fmt::Display for Changing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("changing")
    }
}

#[async_trait]
impl ObjectStore for Changing {
    async fn put_opts(
        &self,
        path: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(path, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let is_head = options.head;
        let got = self.inner.get_opts(path, options).await?;
        let left = self.left.load(Ordering::Relaxed);
        if !is_head && left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
            self.inner.put(path, format!("version {left}").into()).await?;
        }
        Ok(got)
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

async fn copied(times: usize) -> (std::result::Result<(), String>, Vec<u8>) {
    let source = Changing { inner: InMemory::new(), left: AtomicUsize::new(times) };
    source.inner.put(&Path::from("media/x"), "version 9".into()).await.unwrap();
    let target: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let sync = MediaSync::between(
        ObjectPlace::new(Arc::new(source), "media", "changing"),
        ObjectPlace::new(Arc::clone(&target), "media", "target"),
        Kind::S3,
        None,
        settings(),
    );
    let ended = run(&sync, COPY).await.map(|_| ()).map_err(|error| error.to_string());
    (ended, contents(&target).await["media/x"].clone())
}

#[tokio::test]
async fn the_change_is_copied_as_well() {
    assert_eq!(copied(0).await, (Ok(()), b"version 9".to_vec()));
    assert_eq!(copied(1).await, (Ok(()), b"version 1".to_vec()));
    assert_eq!(copied(2).await, (Ok(()), b"version 1".to_vec()));
    let (ended, _) = copied(50).await;
    let error = ended.unwrap_err();
    assert!(error.contains("x: ") && error.contains("changed 3 times"), "{error}");
}
