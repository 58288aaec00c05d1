//! A file that is whole or not there.

use std::path::{Path, PathBuf};

use crate::Error;

/// A file being written, as `<path>.partial`; removed unless it is completed.
pub(crate) struct PartialFile {
    partial: PathBuf,
    path: PathBuf,
}

impl PartialFile {
    /// Begins the file at `path`, readable by nobody else: it holds the whole database.
    pub(crate) fn create(path: &Path) -> Result<(Self, tokio::fs::File), Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        match private_files::create(&partial) {
            Ok(file) => {
                Ok((Self { partial, path: path.to_owned() }, tokio::fs::File::from_std(file)))
            }
            Err(source) => Err(Error::file("create", partial, source)),
        }
    }

    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name.
    pub(crate) fn complete(self) -> Result<(), Error> {
        std::fs::rename(&self.partial, &self.path)
            .map_err(|source| Error::file("rename", self.partial.clone(), source))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.partial);
    }
}
