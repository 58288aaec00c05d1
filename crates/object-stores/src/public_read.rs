//! S3 store whose objects everybody may read.
//!
//! The access control list of an object is a header (`x-amz-acl`) of the request that creates it, so the
//! object never exists without it. `object_store` has no such attribute, but signs default headers. These
//! are sent with every request of a client, while S3 accepts this header only in requests that create an
//! object. There are therefore two clients.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::stream::BoxStream;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// The header and its value.
pub(crate) const HEADER: (&str, &str) = ("x-amz-acl", "public-read");

/// An S3 bucket whose new objects everybody may read.
#[derive(Debug)]
pub(crate) struct PublicRead {
    pub(crate) plain: Arc<AmazonS3>,
    /// The same bucket, with [`HEADER`] on every request.
    pub(crate) creating: AmazonS3,
}

impl fmt::Display for PublicRead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.plain, formatter)
    }
}

#[async_trait]
impl ObjectStore for PublicRead {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.creating.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let id = self.creating.create_multipart_opts(location, options).await?;
        Ok(Box::new(Upload {
            store: Arc::clone(&self.plain),
            location: location.clone(),
            id,
            parts: Arc::default(),
            begun: 0,
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.plain.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.plain.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.plain.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.plain.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.creating.copy_opts(from, to, options).await
    }
}

/// A multipart upload that was started with the header.
#[derive(Debug)]
struct Upload {
    store: Arc<AmazonS3>,
    location: Path,
    id: String,
    /// Parts by position.
    parts: Arc<std::sync::Mutex<Vec<(usize, PartId)>>>,
    begun: usize,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let place = self.begun;
        self.begun += 1;
        let (store, location) = (Arc::clone(&self.store), self.location.clone());
        let (id, parts) = (self.id.clone(), Arc::clone(&self.parts));
        async move {
            let part = store.put_part(&location, &id, place, data).await?;
            parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, part));
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let mut parts = std::mem::take(
            &mut *self.parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        parts.sort_by_key(|(place, _)| *place);
        let parts = parts.into_iter().map(|(_, part)| part).collect();
        self.store.complete_multipart(&self.location, &self.id, parts).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.store.abort_multipart(&self.location, &self.id).await
    }
}
