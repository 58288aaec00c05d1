//! Directory store whose new files only their owner can read.
//!
//! `object_store` creates files according to the umask. It writes multipart uploads to `<name>#1` and
//! renames that file when it is complete. Here, such a file is made private while it is empty, and locked
//! as long as the upload is in progress, so that the files of killed programs can be recognized.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// The file system.
#[derive(Debug)]
pub(crate) struct PrivateFiles(pub(crate) LocalFileSystem);

impl PrivateFiles {
    /// The path of an object in an existing directory, whether it exists or not.
    fn prepare(&self, location: &Path) -> Result<PathBuf> {
        let path = self.0.path_to_filesystem(location)?;
        if let Some(directory) = path.parent() {
            private_files::create_directories(directory).map_err(failed)?;
        }
        Ok(path)
    }
}

impl fmt::Display for PrivateFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[async_trait]
impl ObjectStore for PrivateFiles {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let PutOptions { mode: PutMode::Overwrite, attributes, extensions, tags } = options else {
            return Err(Error::NotImplemented {
                operation: "a conditional put".into(),
                implementer: self.to_string(),
            });
        };
        let options = PutMultipartOptions { attributes, extensions, tags };
        let mut upload = self.put_multipart_opts(location, options).await?;
        let put = match upload.put_part(payload).await {
            Ok(()) => upload.complete().await,
            Err(error) => Err(error),
        };
        if put.is_err() {
            let _ = upload.abort().await;
        }
        put
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.prepare(location)?;
        let upload = self.0.put_multipart_opts(location, options).await?;
        let locks = close(&path).map_err(failed)?;
        Ok(Box::new(Upload { upload, _locks: locks }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.prepare(to)?;
        // The copy is a hard link.
        self.0.copy_opts(from, to, options).await
    }
}

/// An upload, with the lock of its file.
#[derive(Debug)]
struct Upload {
    upload: Box<dyn MultipartUpload>,
    _locks: Vec<File>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.upload.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

/// Makes the unfinished files of an object private, and locks those that nobody else has locked, including
/// that of this upload, whose name is not known.
fn close(path: &FilePath) -> std::io::Result<Vec<File>> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Vec::new());
    };
    let mut locks = Vec::new();
    for file in unfinished_files(directory).filter(|(object, _)| object == name) {
        private_files::restrict(&file.1)?;
        let opened = File::open(&file.1)?;
        // Without locks (on an old network file system), only the age shows whether a file is abandoned.
        if opened.try_lock().is_ok() {
            locks.push(opened);
        }
    }
    Ok(locks)
}

/// Removes unfinished uploads of killed programs in `directory`, for objects whose name `is_ours`; returns
/// them.
#[must_use]
pub fn remove_unfinished_files(
    directory: &FilePath,
    is_ours: impl Fn(&str) -> bool,
) -> Vec<PathBuf> {
    let mut removed = Vec::new();
    for (object, path) in unfinished_files(directory) {
        if !object.to_str().is_some_and(&is_ours) {
            continue;
        }
        let is_abandoned = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_abandoned && std::fs::remove_file(&path).is_ok() {
            removed.push(path);
        }
    }
    removed
}

/// Own files named `<object>#<number>`, each with the name of its object.
fn unfinished_files(
    directory: &FilePath,
) -> impl Iterator<Item = (std::ffi::OsString, PathBuf)> + use<> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let name = entry.file_name();
        let (object, number) = name.to_str()?.rsplit_once('#')?;
        let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        let found = (OsStr::new(object).to_owned(), entry.path());
        (is_number && private_files::is_own_file(&found.1)).then_some(found)
    })
}

fn failed(source: std::io::Error) -> Error {
    Error::Generic { store: "file", source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use object_store::ObjectStoreExt;

    use super::*;

    fn mode(path: &FilePath) -> u32 {
        path.symlink_metadata().unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn nothing_can_be_read_by_others_at_any_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = PrivateFiles(LocalFileSystem::new_with_prefix(directory.path()).unwrap());
        let path = Path::from("shop/archives/one");
        let file = directory.path().join("shop/archives/one");
        store.put(&path, PutPayload::from_static(b"rows")).await.unwrap();
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        assert_eq!(mode(&directory.path().join("shop")), 0o700);

        let mut upload = store.put_multipart(&path).await.unwrap();
        let unfinished = directory.path().join("shop/archives/one#1");
        assert_eq!(mode(&unfinished), 0o600);
        upload.put_part(PutPayload::from_static(b"more")).await.unwrap();
        // Another program is using it.
        assert!(remove_unfinished_files(file.parent().unwrap(), |_| true).is_empty());
        upload.complete().await.unwrap();
        assert_eq!((mode(&file), std::fs::read(&file).unwrap()), (0o600, b"more".to_vec()));

        std::fs::write(&unfinished, "left by a killed program").unwrap();
        assert!(remove_unfinished_files(file.parent().unwrap(), |name| name != "one").is_empty());
        let removed = remove_unfinished_files(file.parent().unwrap(), |name| name == "one");
        assert_eq!(removed, [unfinished]);
    }
}
