//! Download of a snapshot: from the store to files.

use std::path::{Path, PathBuf};

use age::x25519::Identity;
use backup_sources::{Backup, Download, Limits, ObjectStorageSource};
use object_stores::ObjectPlace;
use private_files::PrivateDirectory;
use progress::Context;
use tokio::io::AsyncRead;

use crate::entry::Entry;
use crate::error::{Error, until_cancelled};
use crate::hashing_reader::HashingReader;
use crate::inventory::{Inventory, path};
use crate::manifest::{FileState, Manifest, Sidecar, dump_name};
use crate::progress::{FETCH, Meter};
use crate::selector::{Selector, choose};
use crate::space;
use crate::take::temporary_directory;
use crate::unpack::{UnpackError, Unpacking};

/// The files of a snapshot, verified with its manifest. They are removed when this is dropped.
#[derive(Debug)]
pub struct Fetched {
    /// Which snapshot.
    pub entry: Entry,
    /// Its content.
    pub manifest: Manifest,
    /// The dump, in the format given by the manifest.
    pub dump: PathBuf,
    /// The fixtures, if there are any.
    pub fixtures: Vec<PathBuf>,
    _directory: PrivateDirectory,
}

/// Downloads a snapshot from `store` into a directory of its own below `directory`, resuming after broken
/// connections; decrypts and unpacks it on the way; compares every file with the manifest.
///
/// # Errors
/// [`Error::NoSnapshot`], [`Error::UnknownName`]; [`Error::Damaged`] with the exact reason; [`Error::Key`]
/// if no identity can decrypt it; [`Error::Space`]. Nothing is then left in `directory`.
pub async fn fetch(
    store: &ObjectPlace,
    which: &Selector,
    identities: &[Identity],
    directory: &Path,
    context: &Context,
) -> Result<Fetched, Error> {
    let looking = async {
        let inventory = Inventory::look(store).await?;
        choose(&inventory, which).await
    };
    let (entry, name, sidecar) = until_cancelled(context, looking).await?;
    if name.is_encrypted && identities.is_empty() {
        return Err(Error::Key {
            name: entry.name,
            reason: "it needs an identity (AGE-SECRET-KEY-1…) of one of its recipients".into(),
        });
    }
    let Sidecar { archive, manifest } = sidecar;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    space::enough(directory, bytes, &format!("the files of snapshot {}", entry.name))?;
    let temp_dir = temporary_directory(directory)?;
    tracing::info!(bytes = entry.bytes, "Start fetch snapshot {}", entry.name);
    let unpacking = Unpacking { name: &name, manifest: &manifest, identities };
    Fetch { store, entry: &entry, archive: &archive, context }.run(&unpacking, &temp_dir).await?;
    tracing::info!(files = manifest.files.len(), bytes, "End fetch snapshot {}", entry.name);
    let dump = dump_name(manifest.dump);
    let fixtures = manifest.files.iter().filter(|file| file.name != dump);
    Ok(Fetched {
        dump: temp_dir.path().join(dump),
        fixtures: fixtures.map(|file| temp_dir.path().join(&file.name)).collect(),
        entry,
        manifest,
        _directory: temp_dir,
    })
}

struct Fetch<'a> {
    store: &'a ObjectPlace,
    entry: &'a Entry,
    archive: &'a FileState,
    context: &'a Context,
}

impl Fetch<'_> {
    async fn run(
        &self,
        unpacking: &Unpacking<'_>,
        temp_dir: &PrivateDirectory,
    ) -> Result<(), Error> {
        let source = ObjectStorageSource::new(self.store.clone());
        let backup = Backup {
            id: path(self.store, &self.entry.name).to_string(),
            created_at: self.entry.taken_at,
            size: Some(self.archive.bytes),
        };
        let meter = Meter::new(self.context, "fetch", FETCH, self.archive.bytes);
        let report = |bytes, _| meter.reached(bytes);
        let (cancel, retry) = (&self.context.cancel, Limits::default().retry);
        let mut download = Download::new(&source, &backup, cancel, retry, &report);
        download.begin().await.map_err(|error| self.not_downloaded(error))?;
        let (fetching, reader) = download.into_parts();
        let unpacked = async {
            // Dropped at the end of this block, so that a download that is no longer needed ends.
            let mut reader = HashingReader::new(reader);
            let unpacked = unpacking.run(&mut reader, temp_dir.path()).await;
            self.explain(unpacked, reader).await
        };
        let (fetched, unpacked) = tokio::join!(fetching, unpacked);
        fetched.map_err(|error| self.not_downloaded(error))?;
        unpacked
    }

    /// The hash tells an archive that cannot be unpacked from one whose bytes were changed.
    async fn explain(
        &self,
        unpacked: Result<(), UnpackError>,
        mut reader: HashingReader<impl AsyncRead + Unpin>,
    ) -> Result<(), Error> {
        let wrong = match unpacked {
            Ok(()) => None,
            Err(UnpackError::Damaged(reason)) => Some(reason),
            Err(UnpackError::Key(reason)) => {
                return Err(Error::Key { name: self.entry.name.clone(), reason });
            }
            Err(UnpackError::Write(file, source)) => {
                return Err(Error::file("write", PathBuf::from(file), source));
            }
        };
        // If this fails, the download fails too, with a more precise error.
        let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
        let (bytes, sha256) = reader.finish();
        let is_as_written = (bytes, &sha256) == (self.archive.bytes, &self.archive.sha256);
        match wrong {
            None if is_as_written => Ok(()),
            Some(reason) if is_as_written => Err(self.damaged(format!(
                "{reason}; the archive in the store is the one that was written"
            ))),
            wrong => {
                let changed = format!(
                    "the archive in the store is not the one that was written: it has {bytes} bytes and SHA-256 \
                     {sha256}, and its manifest says {} and {}",
                    self.archive.bytes, self.archive.sha256
                );
                let found =
                    wrong.map(|reason| format!("; found when {reason}")).unwrap_or_default();
                Err(self.damaged(format!("{changed}{found}")))
            }
        }
    }

    fn damaged(&self, reason: String) -> Error {
        Error::Damaged { name: self.entry.name.clone(), place: self.store.shown().into(), reason }
    }

    fn not_downloaded(&self, error: backup_sources::Error) -> Error {
        use backup_sources::Error as Download;
        match error {
            Download::Cancelled => Error::Cancelled,
            Download::Unreachable { url, reason } => Error::Unreachable { place: url, reason },
            Download::Damaged { reason, .. }
            | Download::Changed { reason, .. }
            | Download::NoBackup { reason, .. } => self.damaged(reason),
            other => Error::Store {
                action: format!("download {} from", self.entry.name),
                place: self.store.shown().into(),
                reason: other.to_string(),
            },
        }
    }
}
