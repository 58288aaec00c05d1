//! Download of a backup as one stream, across interrupted connections.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http_requests::RetryLimits;
use progress::CancellationToken;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;

use crate::{Backup, BackupSource, Error, Opened};

/// After this much progress, failures are counted from zero again.
const GETTING_ON: u64 = 1 << 20;

/// Number of pieces downloaded ahead while earlier ones are unpacked and written.
const PIECES_AHEAD: usize = 16;

/// Receives the progress: bytes received, and total bytes if known.
pub type Report<'a> = &'a (dyn Fn(u64, Option<u64>) + Send + Sync);

/// Reads a backup from the first byte to the last, and reopens it when a connection breaks.
pub struct Download<'a> {
    source: &'a dyn BackupSource,
    backup: &'a Backup,
    cancel: &'a CancellationToken,
    retry: RetryLimits,
    report: Report<'a>,
    /// Number of bytes passed on.
    position: u64,
    /// Bytes of the current response that were already passed on before the interruption.
    skip: u64,
    total: Option<u64>,
    version: Option<String>,
    was_open: bool,
    body: Option<BoxStream<'static, Result<Bytes, String>>>,
    failures: u32,
    /// The position at the first of the current failures.
    failed_at: u64,
}

impl<'a> Download<'a> {
    /// Requests nothing yet; `report` receives the progress.
    #[must_use]
    pub fn new(
        source: &'a dyn BackupSource,
        backup: &'a Backup,
        cancel: &'a CancellationToken,
        retry: RetryLimits,
        report: Report<'a>,
    ) -> Self {
        Self {
            source,
            backup,
            cancel,
            retry,
            report,
            position: 0,
            skip: 0,
            total: None,
            version: None,
            was_open: false,
            body: None,
            failures: 0,
            failed_at: 0,
        }
    }

    /// Opens it; returns its length, if the server sends it.
    ///
    /// # Errors
    /// The last error after as many attempts as `retry` allows.
    pub async fn begin(&mut self) -> Result<Option<u64>, Error> {
        while self.body.is_none() {
            self.open().await?;
        }
        Ok(self.total)
    }

    /// Splits the download into a future that downloads and a reader of what was downloaded. They must be
    /// awaited concurrently, so that a slow disk does not leave the connection idle.
    ///
    /// The future returns the error that made the download fail; the reader then fails too.
    pub fn into_parts(
        self,
    ) -> (impl Future<Output = Result<(), Error>> + Send + 'a, impl AsyncRead + Send + Unpin) {
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let pieces = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        (self.pump(sender), StreamReader::new(pieces.boxed()))
    }

    async fn pump(mut self, pieces: mpsc::Sender<std::io::Result<Bytes>>) -> Result<(), Error> {
        loop {
            match self.next().await {
                Ok(Some(piece)) => {
                    if pieces.send(Ok(piece)).await.is_err() {
                        // The receiver has stopped reading, so it already knows the error.
                        return Ok(());
                    }
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    let _ = pieces.send(Err(std::io::Error::other(error.to_string()))).await;
                    return Err(error);
                }
            }
        }
    }

    /// The next piece; `None` at the end, if everything was received.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.total == Some(self.position) && self.was_open {
                return Ok(None);
            }
            let Some(body) = &mut self.body else {
                self.open().await?;
                continue;
            };
            let piece = self.cancel.run_until_cancelled(body.next()).await;
            match piece.ok_or(Error::Cancelled)? {
                Some(Ok(piece)) => {
                    if let Some(piece) = self.take(piece)? {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(reason)) => self.broke_off(reason).await?,
                None if self.total.is_none() => return Ok(None),
                None => self.broke_off("the connection was closed".into()).await?,
            }
        }
    }

    /// The part of `piece` that is new.
    fn take(&mut self, mut piece: Bytes) -> Result<Option<Bytes>, Error> {
        let known = self.skip.min(piece.len() as u64);
        self.skip -= known;
        // `known` is not larger than the length of a slice.
        let new = piece.split_off(usize::try_from(known).unwrap_or(piece.len()));
        if new.is_empty() {
            return Ok(None);
        }
        self.position += new.len() as u64;
        if let Some(total) = self.total.filter(|total| self.position > *total) {
            return Err(Error::Damaged {
                backup: format!("backup {}", self.backup.id),
                reason: format!("the server announced {total} bytes and sends more"),
            });
        }
        (self.report)(self.position, self.total);
        Ok(Some(new))
    }

    async fn open(&mut self) -> Result<(), Error> {
        let opening =
            self.source.open(self.backup, self.position, self.version.as_deref(), self.cancel);
        let opened = self.cancel.run_until_cancelled(opening).await.ok_or(Error::Cancelled)?;
        match opened {
            Ok(opened) => self.accept(opened),
            Err(failed) if failed.may_pass => self.failed(*failed.error, failed.wait).await,
            Err(failed) => Err(*failed.error),
        }
    }

    /// Prevents the rest of a different content from being appended to the beginning of this one.
    fn accept(&mut self, opened: Opened) -> Result<(), Error> {
        let changed = |reason: String| {
            Err(Error::Changed { backup: format!("backup {}", self.backup.id), reason })
        };
        if self.was_open {
            if opened.version != self.version {
                return changed("its version has changed".into());
            }
            if let (Some(before), Some(now)) = (self.total, opened.total)
                && before != now
            {
                return changed(format!("it had {before} bytes, now {now}"));
            }
        }
        if opened.from > self.position {
            return Err(Error::Answer {
                what: format!("resume backup {}", self.backup.id),
                url: self.source.place(),
                reason: format!("bytes from {} on, not from {}", opened.from, self.position),
            });
        }
        self.skip = self.position - opened.from;
        self.total = self.total.or(opened.total);
        self.version = opened.version;
        self.was_open = true;
        self.body = Some(opened.body);
        Ok(())
    }

    async fn broke_off(&mut self, reason: String) -> Result<(), Error> {
        self.body = None;
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let reason = format!("the download broke off after {}{of} bytes: {reason}", self.position);
        self.failed(Error::Unreachable { url: self.source.place(), reason }, None).await
    }

    /// Waits before the next attempt, or gives up.
    async fn failed(&mut self, error: Error, asked: Option<Duration>) -> Result<(), Error> {
        if self.position >= self.failed_at + GETTING_ON {
            self.failures = 0;
        }
        if self.failures == 0 {
            self.failed_at = self.position;
        }
        let Some(wait) = self.retry.wait(self.failures, asked) else { return Err(error) };
        self.failures += 1;
        tracing::warn!(
            bytes = self.position,
            retry = self.failures,
            retries = self.retry.retries,
            "{error}; trying again in {:.1} s",
            wait.as_secs_f64()
        );
        self.cancel.run_until_cancelled(tokio::time::sleep(wait)).await.ok_or(Error::Cancelled)
    }
}
