//! Backups to be fetched, and how they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
use backup_sources::{BackupSource, Error, FetchTarget, Fetched, Fetcher, Limits, MaxAge};
use http_requests::RetryLimits;
use progress::Context;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// Something that looks like an archive of pg_dump's custom format; no two lengths are alike inside.
pub(crate) fn dump(bytes: usize) -> Vec<u8> {
    let mut dump = b"PGDMP\x01\x0e\x00\x04\x08\x01".to_vec();
    let mut number = 0x2545_f491_u32 ^ u32::try_from(bytes).unwrap();
    while dump.len() < bytes {
        number ^= number << 13;
        number ^= number >> 17;
        number ^= number << 5;
        dump.extend(number.to_le_bytes());
    }
    dump.truncate(bytes);
    dump
}

pub(crate) async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

pub(crate) async fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

pub(crate) async fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tokio_tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tokio_tar::Header::new_gnu();
        if name.ends_with('/') {
            header.set_entry_type(tokio_tar::EntryType::Directory);
        }
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).await.unwrap();
    }
    builder.into_inner().await.unwrap()
}

/// As Scalingo packs a dump.
pub(crate) async fn tar_gz(dump: &[u8]) -> Vec<u8> {
    gzip(&tar(&[("backup/", b""), ("backup/20261121_pix.pgsql", dump)]).await).await
}

/// Limits of a test: nothing is waited for long.
pub(crate) fn limits() -> Limits {
    Limits {
        request: Duration::from_secs(20),
        silence: Duration::from_secs(1),
        retry: RetryLimits {
            retries: 3,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(20),
            longest_asked_wait: Duration::from_secs(2),
        },
        poll: Duration::from_millis(5),
        making: Duration::from_secs(60),
    }
}

/// A directory for dumps, and a fetcher into it.
pub(crate) struct Fetching {
    pub(crate) fetcher: Fetcher,
    directory: TempDir,
}

impl Fetching {
    pub(crate) fn from(source: Arc<dyn BackupSource>) -> Self {
        let fetcher = Fetcher { source, max_age: MaxAge::Any, create: false, limits: limits() };
        Self { fetcher, directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("night.dump")
    }

    pub(crate) async fn run(&self) -> Result<Fetched, Error> {
        self.run_in(&Context::quiet()).await
    }

    pub(crate) async fn run_in(&self, context: &Context) -> Result<Fetched, Error> {
        let path = self.path();
        self.fetcher.fetch(FetchTarget { path: &path, may_stay: false, share: 12.0 }, context).await
    }

    /// What was fetched.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        let fetched = self.run().await.unwrap();
        let bytes = std::fs::read(&fetched.path).unwrap();
        assert_eq!(fetched.bytes, bytes.len() as u64);
        assert_eq!(self.left(), ["night.dump"]);
        bytes
    }

    /// Why nothing was fetched; nothing is left behind.
    pub(crate) async fn error(&self) -> Error {
        let error = self.run().await.unwrap_err();
        assert!(self.left().is_empty(), "{:?} is left after {error}", self.left());
        error
    }

    /// The files there are.
    pub(crate) fn left(&self) -> Vec<String> {
        names(self.directory.path())
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
