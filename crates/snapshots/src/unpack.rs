//! Unpacking: from an archive to its files, verified with the manifest.

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::Path;

use age::x25519::Identity;
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_tar::{Archive, EntryType};
use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

use crate::manifest::{FileState, MANIFEST, Manifest};
use crate::name::Name;
use crate::settings::Compression;

/// Size of the copy buffer.
const PIECE: usize = 128 << 10;

/// Why the files could not be unpacked.
#[derive(Debug)]
pub(crate) enum UnpackError {
    /// The archive is damaged.
    Damaged(String),
    /// The keys do not fit.
    Key(String),
    /// A file could not be written.
    Write(String, io::Error),
}

type Reader<'a> = Box<dyn AsyncRead + Send + Unpin + 'a>;

/// An archive and its expected content.
pub(crate) struct Unpacking<'a> {
    pub(crate) name: &'a Name,
    pub(crate) manifest: &'a Manifest,
    pub(crate) identities: &'a [Identity],
}

impl Unpacking<'_> {
    /// Writes exactly the files listed in the manifest into `directory`. Reads the input to its end.
    pub(crate) async fn run(
        &self,
        input: impl AsyncRead + Send + Unpin,
        directory: &Path,
    ) -> Result<(), UnpackError> {
        let packed = self.decrypted(Box::new(input)).await?;
        let packed = BufReader::with_capacity(PIECE, packed);
        let tar: Reader<'_> = match self.name.compression {
            Compression::Gzip => Box::new(GzipDecoder::new(packed)),
            Compression::Zstd => Box::new(ZstdDecoder::new(packed)),
        };
        let mut archive = Archive::new(tar);
        let mut found = HashSet::new();
        let mut entries = archive.entries().map_err(|error| unreadable(&error))?;
        while let Some(entry) = entries.next().await {
            let mut entry = entry.map_err(|error| unreadable(&error))?;
            let path = entry.path().map_err(|error| unreadable(&error))?;
            let name = path.to_string_lossy().into_owned();
            drop(path);
            if entry.header().entry_type() != EntryType::Regular {
                return damaged(format!(
                    "{} in its archive is not a regular file",
                    name.escape_debug()
                ));
            }
            if !found.insert(name.clone()) {
                return damaged(format!("its archive has {} twice", name.escape_debug()));
            }
            let size = entry.effective_size();
            if name == MANIFEST {
                self.compare_manifest(&mut entry, size).await?;
            } else if let Some(file) = self.manifest.files.iter().find(|file| file.name == name) {
                write(file, &mut entry, size, directory).await?;
            } else {
                return damaged(format!(
                    "its archive has {}, which its manifest does not name",
                    name.escape_debug()
                ));
            }
        }
        drop(entries);
        let names = self.manifest.files.iter().map(|file| file.name.as_str());
        if let Some(missing) = names.chain([MANIFEST]).find(|name| !found.contains(*name)) {
            return damaged(format!("{missing} is missing in its archive"));
        }
        let Ok(mut rest) = archive.into_inner() else {
            return damaged("its archive could not be read to the end".into());
        };
        // Reads to the end, where the compression formats store their checksums.
        let drained = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        drained.map(drop).map_err(|error| unreadable(&error))
    }

    async fn decrypted<'r>(&self, input: Reader<'r>) -> Result<Reader<'r>, UnpackError> {
        use age::DecryptError;
        if !self.name.is_encrypted {
            return Ok(input);
        }
        let input = BufReader::with_capacity(PIECE, input).compat();
        let opened = match age::Decryptor::new_async_buffered(input).await {
            Ok(decryptor) => {
                let identities = self.identities.iter().map(|one| one as &dyn age::Identity);
                decryptor.decrypt_async(identities)
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(reader) => Ok(Box::new(reader.compat())),
            Err(DecryptError::NoMatchingKeys) => Err(UnpackError::Key(
                "none of the identities that were given opens it; it needs that of one of the recipients it was \
                 made for"
                    .into(),
            )),
            Err(error) => damaged(format!("its encryption cannot be opened: {error}")),
        }
    }

    /// Both were written at the same time: if they differ, one of them was replaced.
    async fn compare_manifest(
        &self,
        reader: &mut (impl AsyncRead + Unpin),
        size: u64,
    ) -> Result<(), UnpackError> {
        const LARGEST: u64 = 64 << 20;
        let mut json = Vec::new();
        let read = reader.take(LARGEST.min(size)).read_to_end(&mut json).await;
        read.map_err(|error| unreadable(&error))?;
        match serde_json::from_slice::<Manifest>(&json) {
            Ok(manifest) if manifest == *self.manifest => Ok(()),
            Ok(_) => {
                damaged(format!("{MANIFEST} in its archive differs from the manifest next to it"))
            }
            Err(error) => damaged(format!("{MANIFEST} in its archive cannot be read: {error}")),
        }
    }
}

/// Writes a file and compares it with the manifest.
async fn write(
    file: &FileState,
    reader: &mut (impl AsyncRead + Unpin),
    size: u64,
    directory: &Path,
) -> Result<(), UnpackError> {
    let name = &file.name;
    if !is_safe(name) {
        return damaged(format!("its manifest names a file \"{}\"", name.escape_debug()));
    }
    if size != file.bytes {
        return damaged(format!("{name} has {size} bytes, and its manifest says {}", file.bytes));
    }
    let failed = |source| UnpackError::Write(name.clone(), source);
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        private_files::create_directories(parent).map_err(failed)?;
    }
    let mut output = File::from_std(private_files::create_new(&path).map_err(failed)?);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let read = reader.read(&mut buffer).await.map_err(|error| unreadable(&error))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        output.write_all(&buffer[..read]).await.map_err(failed)?;
        bytes += read as u64;
    }
    output.flush().await.map_err(failed)?;
    if bytes != size {
        return damaged(format!("{name} breaks off after {bytes} of {size} bytes"));
    }
    let sha256 = hex::encode(hash.finalize());
    if sha256 != file.sha256 {
        return damaged(format!(
            "{name} has SHA-256 {sha256}, and its manifest says {}",
            file.sha256
        ));
    }
    Ok(())
}

/// Whether a name stays within the directory.
fn is_safe(name: &str) -> bool {
    use std::path::Component;
    !name.is_empty()
        && !name.contains('\0')
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn damaged<T>(reason: String) -> Result<T, UnpackError> {
    Err(UnpackError::Damaged(reason))
}

fn unreadable(error: &io::Error) -> UnpackError {
    UnpackError::Damaged(if error.kind() == ErrorKind::UnexpectedEof {
        "its archive is truncated".into()
    } else {
        format!("its archive cannot be read: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_directory_are_none() {
        for name in ["database.dump", "fixtures/auth_user.json", "a..b", "..a"] {
            assert!(is_safe(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../a", "a/../b", "./a", "a\0b", ".."] {
            assert!(!is_safe(name), "{name}");
        }
    }
}
