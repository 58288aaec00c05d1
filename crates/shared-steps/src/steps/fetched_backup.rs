//! A backup that somebody else has made, in place of a dump of the source.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backup_sources::{Fetched, Fetcher, FileSource, Limits, MaxAge, Use};
use futures_util::FutureExt;
use pg_replicate::{FullCopy, Verify};
use private_files::PrivateDirectory;
use progress::{Context, PhaseSummary, Summary};
use tokio::io::AsyncReadExt;

use super::Attempt;
use super::full_replication::drop_and_restore;
use crate::{Settings, StepError};

/// The percent of a full replication that a fetch takes: what a dump of the source takes otherwise.
const SHARE: f64 = 12.0;

/// How archives of pg_dump begin.
const DUMP: &[u8] = b"PGDMP";

/// Fetches the newest backup and restores it; the source database is not needed.
///
/// A whole dump that an earlier attempt of the same run has fetched is used again.
pub(super) async fn fetch_and_restore(
    fetcher: &Fetcher,
    settings: &Settings,
    copy: &FullCopy,
    attempt: &Attempt,
    context: &Context,
) -> Result<Summary, StepError> {
    // Before a download of hours is made in vain.
    let checked = context.cancel.run_until_cancelled(copy.preflight_target()).await;
    checked.ok_or(StepError::Interrupted)??;
    let mut dump = settings.dumps.path(&attempt.run_id, &fetcher.source.place())?;
    let mut summary = Summary::default();
    if settings.dumps.is_usable(&dump) {
        tracing::info!(dump = %dump.display(), "The dump of an earlier attempt is used again");
    } else {
        let target = Use { path: &dump, may_stay: true, share: SHARE };
        let fetched = fetcher.fetch(target, context).boxed().await?;
        summary.extend(phase(&fetched));
        dump = fetched.path;
    }
    let checked = context.cancel.run_until_cancelled(copy.preflight_restore(&dump)).await;
    if let Err(error) = checked.ok_or(StepError::Interrupted)? {
        if matches!(error, pg_replicate::Error::Archive { .. }) {
            // Another attempt shall not stumble over it again.
            settings.dumps.remove(&attempt.run_id);
        }
        return Err(error.into());
    }
    summary.extend(drop_and_restore(copy, &dump, context).await?);
    if settings.copy.verify != Verify::None {
        tracing::warn!(
            "VERIFY compares with the source, which a backup that was fetched is older than: nothing is compared"
        );
    }
    Ok(summary)
}

/// Fetches the newest backup of `BACKUP_SOURCE` into the file `to`, and nothing else.
///
/// # Errors
/// Why it did not succeed; then `to` is as it was.
pub async fn fetch_backup(
    settings: &Settings,
    to: &Path,
    context: &Context,
) -> Result<Summary, StepError> {
    let Some(fetcher) = &settings.backup_source else {
        return Err(StepError::Configuration(
            "BACKUP_SOURCE is live: there is no backup to fetch; set it to file, scalingo, heroku or s3",
        ));
    };
    let target = Use { path: to, may_stay: false, share: 100.0 };
    let fetched = fetcher.fetch(target, context).boxed().await?;
    Ok(phase(&fetched))
}

/// Whether `file` is a file, and no dump as it is.
pub(super) async fn is_packed(file: &Path) -> bool {
    let read = async {
        if !tokio::fs::metadata(file).await?.is_file() {
            return Ok(false);
        }
        let mut head = Vec::new();
        let opened = tokio::fs::File::open(file).await?;
        opened.take(DUMP.len() as u64).read_to_end(&mut head).await?;
        Ok::<bool, std::io::Error>(head != DUMP)
    };
    // What cannot be read is said by who restores it.
    read.await.unwrap_or(false)
}

/// A dump in a directory that is removed with it.
pub(super) struct Unpacked {
    path: PathBuf,
    _directory: PrivateDirectory,
}

impl Unpacked {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Unpacks the dump that `file` holds.
pub(super) async fn unpack(
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
    let target = Use { path: &path, may_stay: false, share: SHARE };
    let summary = phase(&fetcher.fetch(target, context).boxed().await?);
    Ok((Unpacked { path, _directory: directory }, summary))
}

fn phase(fetched: &Fetched) -> Summary {
    PhaseSummary {
        name: "fetch".into(),
        objects: 1,
        bytes: fetched.bytes,
        seconds: fetched.duration.as_secs_f64(),
        ..PhaseSummary::default()
    }
    .into()
}
