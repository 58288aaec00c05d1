//! List of actions in a temporary file, because there may be millions of them.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Result, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Below the prefix.
    pub(crate) key: String,
    pub(crate) size: u64,
}

/// A list of objects that is first written, then read. The file has no name, so it disappears with the
/// process.
#[derive(Debug)]
pub(crate) struct Spool {
    file: BufWriter<File>,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

impl Spool {
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self { file: BufWriter::new(file), objects: 0, bytes: 0 })
    }

    pub(crate) fn push(&mut self, entry: &Entry) -> Result<()> {
        serde_json::to_writer(&mut self.file, entry)?;
        self.file.write_all(b"\n")?;
        self.objects += 1;
        self.bytes += entry.size;
        Ok(())
    }

    /// All objects, in order.
    pub(crate) fn read(self) -> Result<impl Iterator<Item = Result<Entry>> + Send> {
        let mut file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        let lines = BufReader::new(file).lines();
        Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
    }
}
