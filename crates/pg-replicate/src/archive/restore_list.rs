//! List file for `pg_restore --use-list`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use private_files::PrivateDirectory;

use super::entry::Entry;
use crate::Error;

/// The entries that pg_restore is to restore; removed when dropped.
pub(crate) struct RestoreList {
    path: PathBuf,
    _directory: PrivateDirectory,
}

impl RestoreList {
    /// pg_restore reads the number at the beginning of each line.
    pub(crate) fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        let write = || {
            let directory = PrivateDirectory::create(&parent)?;
            let path = directory.path().join("list");
            let mut file = BufWriter::new(private_files::create(&path)?);
            for entry in entries {
                writeln!(file, "{};", entry.id)?;
            }
            file.flush()?;
            Ok(Self { path, _directory: directory })
        };
        write().map_err(|source| Error::File {
            action: "write a list into",
            path: parent.clone(),
            source,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
