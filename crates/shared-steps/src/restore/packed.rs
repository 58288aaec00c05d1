//! A dump that is packed, as `BACKUP_FILE` may be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backup_sources::{FetchTarget, Fetched, Fetcher, FileSource, Limits, MaxAge};
use futures_util::FutureExt;
use private_files::PrivateDirectory;
use progress::{Context, PhaseSummary, Summary};
use tokio::io::AsyncReadExt;

use crate::{Settings, StepError};

/// The percentage of a full replication for the download, in place of the dump of the source.
pub(crate) const SHARE: f64 = 12.0;

/// The first bytes of a pg_dump archive.
const DUMP: &[u8] = b"PGDMP";

/// Whether `file` is a file that is not itself a dump.
pub(crate) async fn is_packed(file: &Path) -> bool {
    let read = async {
        if !tokio::fs::metadata(file).await?.is_file() {
            return Ok(false);
        }
        let mut head = Vec::new();
        let opened = tokio::fs::File::open(file).await?;
        opened.take(DUMP.len() as u64).read_to_end(&mut head).await?;
        Ok::<bool, std::io::Error>(head != DUMP)
    };
    // If it cannot be read, the restore reports that.
    read.await.unwrap_or(false)
}

/// A dump in a directory that is removed together with it.
pub(crate) struct Unpacked {
    path: PathBuf,
    _directory: PrivateDirectory,
}

impl Unpacked {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Unpacks the dump in `file`.
pub(crate) async fn unpack(
    settings: &Settings,
    file: &Path,
    context: &Context,
) -> Result<(Unpacked, Summary), StepError> {
    let parent = settings.dumps.directory();
    let directory = PrivateDirectory::create(parent).map_err(|source| StepError::File {
        action: "create a directory in",
        path: parent.to_owned(),
        source,
    })?;
    let path = directory.path().join("database.dump");
    let fetcher = Fetcher {
        source: Arc::new(FileSource::new(file)),
        max_age: MaxAge::Any,
        create: false,
        limits: Limits::default(),
    };
    let target = FetchTarget { path: &path, may_stay: false, share: SHARE };
    let summary = fetch_phase(&fetcher.fetch(target, context).boxed().await?);
    Ok((Unpacked { path, _directory: directory }, summary))
}

/// What a fetch did.
pub(crate) fn fetch_phase(fetched: &Fetched) -> Summary {
    PhaseSummary {
        name: "fetch".into(),
        objects: 1,
        bytes: fetched.bytes,
        seconds: fetched.duration.as_secs_f64(),
        ..PhaseSummary::default()
    }
    .into()
}
