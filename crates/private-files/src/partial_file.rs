//! A file that is whole or not there.

use std::fs::File;
use std::io::Result;
use std::path::{Path, PathBuf};

/// A file being written, as `<path>.partial`; removed unless it is completed.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    whole: PathBuf,
}

impl PartialFile {
    /// Begins the file that will be `whole`.
    #[must_use]
    pub fn new(whole: &Path) -> Self {
        let mut name = whole.as_os_str().to_owned();
        name.push(".partial");
        Self { path: name.into(), whole: whole.to_owned() }
    }

    /// Creates it, readable by nobody else.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(&self) -> Result<File> {
        crate::files::create(&self.path)
    }

    /// Its name until it is completed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long it is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map(|metadata| metadata.len()).unwrap_or_default()
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn complete(&self) -> Result<()> {
        std::fs::rename(&self.path, &self.whole)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
