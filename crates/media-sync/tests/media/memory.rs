//! Memory grows neither with the number of objects nor with their size.
//!
//! nextest runs every test in a process of its own, so the process's peak is the test's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use media_sync::{Kind, MediaSync, Settings};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};
use object_stores::ObjectPlace;

use crate::support::{COPY, DRY, run, settings};

/// Holds so many objects of this size, made as they are asked for, and forgets what is put.
#[derive(Debug, Default)]
struct Made {
    objects: u64,
    size: u64,
    minute: i64,
    taken: Arc<AtomicU64>,
}

impl Made {
    fn meta(&self, location: Path) -> ObjectMeta {
        let modified = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(self.minute);
        ObjectMeta {
            location,
            last_modified: modified,
            size: self.size,
            e_tag: None,
            version: None,
        }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("made")
    }
}

#[async_trait]
impl ObjectStore for Made {
    async fn put_opts(&self, _: &Path, bytes: PutPayload, _: PutOptions) -> Result<PutResult> {
        self.taken.fetch_add(bytes.content_length() as u64, Ordering::Relaxed);
        Ok(done())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Taking(Arc::clone(&self.taken))))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let length = if options.head { 0 } else { self.size };
        let pieces = (0..length.div_ceil(1 << 16)).map(|_| Ok(Bytes::from(vec![7; 1 << 16])));
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter(pieces).boxed()),
            meta: self.meta(path.clone()),
            range: 0..self.size,
            attributes: object_store::Attributes::new(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::empty().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        let pattern = self.meta(prefix.clone());
        let object = move |number| {
            let key = format!("{prefix}/a/directory/with/a/name/of/usual/length/{number:09}.jpg");
            Ok(ObjectMeta { location: Path::parse(key)?, ..pattern.clone() })
        };
        stream::iter((0..self.objects).map(object)).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(Error::NotImplemented { operation: "list".into(), implementer: "made".into() })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented { operation: "copy".into(), implementer: "made".into() })
    }
}

#[derive(Debug)]
struct Taking(Arc<AtomicU64>);

#[async_trait]
impl MultipartUpload for Taking {
    fn put_part(&mut self, bytes: PutPayload) -> UploadPart {
        let taken = Arc::clone(&self.0);
        async move {
            // So that parts of all objects are on their way at once.
            tokio::task::yield_now().await;
            taken.fetch_add(bytes.content_length() as u64, Ordering::Relaxed);
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        Ok(done())
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}

fn done() -> PutResult {
    PutResult { e_tag: None, version: None, extensions: Default::default() }
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

fn sync(source: Made, target: Made) -> MediaSync {
    MediaSync::between(
        ObjectPlace::new(Arc::new(source), "media", "source"),
        ObjectPlace::new(Arc::new(target), "media", "target"),
        Kind::S3,
        None,
        Settings { jobs: 32, ..settings() },
    )
}

#[tokio::test]
async fn of_a_million_objects_stays_flat() {
    let source = Made { objects: 600_000, size: 1, minute: 1, ..Made::default() };
    // Half of them are there, and none is equal.
    let target = Made { objects: 300_000, size: 1, ..Made::default() };
    let sync = sync(source, target);
    let context = progress::Context::quiet();
    let before = peak();
    let mut told = 0;
    let summary = sync.run(DRY, &context, |_| told += 1).await.unwrap();
    assert_eq!((told, summary.phases[1].objects), (600_000, 600_000));
    let grown = peak() - before;
    assert!(grown < 32 << 20, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn of_large_objects_stays_flat() {
    let source = Made { objects: 32, size: 48 << 20, ..Made::default() };
    let taken = Arc::new(AtomicU64::new(0));
    let target = Made { taken: Arc::clone(&taken), ..Made::default() };
    let before = peak();
    let (phases, _) = run(&sync(source, target), COPY).await.unwrap();
    assert_eq!(phases, "list=32 copy=32");
    assert_eq!(taken.load(Ordering::Relaxed), 32 * (48 << 20));
    let grown = peak() - before;
    assert!(grown < 100 << 20, "{} MiB", grown >> 20);
}
