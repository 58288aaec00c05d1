//! Packing: several files into one stream with tar, compression and encryption.

use std::io;
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tar::{Builder, Header};
use tokio_util::compat::{FuturesAsyncWriteCompatExt, TokioAsyncWriteCompatExt};

use crate::hashing_reader::HashingReader;
use crate::manifest::{FileState, MANIFEST, Manifest};
use crate::progress::Meter;
use crate::settings::Compression;

type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A file that is to be packed.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name in the archive.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// The compression and encryption of an archive.
#[derive(Debug)]
pub(crate) struct Packing<'a> {
    pub(crate) compression: Compression,
    pub(crate) recipients: &'a [Recipient],
}

impl Packing<'_> {
    /// Writes the members and finally the manifest, completed with the members' sizes and hashes; returns
    /// it.
    pub(crate) async fn write(
        &self,
        members: &[Member],
        mut manifest: Manifest,
        output: impl AsyncWrite + Send + Unpin + 'static,
        meter: &Meter<'_>,
    ) -> io::Result<Manifest> {
        let time = u64::try_from(manifest.taken_at.timestamp()).unwrap_or_default();
        let mut tar = Builder::new_non_terminated(self.wrap(output).await?);
        for member in members {
            manifest.files.push(append_file(&mut tar, member, time, meter).await?);
        }
        let json = serde_json::to_vec_pretty(&manifest)?;
        append(&mut tar, Path::new(MANIFEST), json.len() as u64, time, json.as_slice()).await?;
        // This also writes the end of the tar file.
        let mut writer = tar.into_inner().await?;
        writer.shutdown().await?;
        Ok(manifest)
    }

    async fn wrap(&self, output: impl AsyncWrite + Send + Unpin + 'static) -> io::Result<Writer> {
        let encrypted: Writer = if self.recipients.is_empty() {
            Box::new(output)
        } else {
            let recipients = self.recipients.iter().map(|one| one as &dyn age::Recipient);
            let encryptor =
                age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
            let writer = encryptor.wrap_async_output(output.compat_write()).await?;
            Box::new(writer.compat_write())
        };
        Ok(match self.compression {
            Compression::Gzip => Box::new(GzipEncoder::new(encrypted)),
            Compression::Zstd => Box::new(ZstdEncoder::new(encrypted)),
        })
    }
}

async fn append_file(
    tar: &mut Builder<Writer>,
    member: &Member,
    time: u64,
    meter: &Meter<'_>,
) -> io::Result<FileState> {
    let file = File::open(&member.path).await?;
    let length = file.metadata().await?.len();
    // A growing file would corrupt the tar file.
    let mut reader = HashingReader::new(meter.watch(file).take(length));
    append(tar, Path::new(&member.name), length, time, &mut reader).await?;
    let (bytes, sha256) = reader.finish();
    if bytes != length {
        return Err(io::Error::other(format!(
            "{} had {length} bytes, and {bytes} could be read",
            member.path.display()
        )));
    }
    Ok(FileState { name: member.name.clone(), bytes, sha256 })
}

async fn append(
    tar: &mut Builder<Writer>,
    name: &Path,
    bytes: u64,
    time: u64,
    content: impl AsyncRead + Unpin,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(time);
    tar.append_data(&mut header, name, content).await
}
