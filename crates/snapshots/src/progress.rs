//! Progress of a run.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, ready};

use progress::{Context, Progress};
use tokio::io::{AsyncRead, ReadBuf};

/// The percentages of a run for each part.
pub(crate) const COMPARE: (f64, f64) = (0.0, 30.0);
pub(crate) const DUMP: (f64, f64) = (30.0, 75.0);
pub(crate) const UPLOAD: (f64, f64) = (75.0, 100.0);
/// Percentages of a download, which is followed by a restore.
pub(crate) const FETCH: (f64, f64) = (0.0, 12.0);

/// Counts the bytes of a part of a run.
pub(crate) struct Meter<'a> {
    context: &'a Context,
    phase: &'static str,
    share: (f64, f64),
    total: u64,
    /// Bytes so far.
    bytes: AtomicU64,
    /// The percentage reported last.
    told: AtomicU64,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(
        context: &'a Context,
        phase: &'static str,
        share: (f64, f64),
        total: u64,
    ) -> Self {
        let (bytes, told) = (AtomicU64::new(0), AtomicU64::new(0));
        let meter = Self { context, phase, share, total, bytes, told };
        meter.tell(0);
        meter
    }

    /// Reports that `bytes` have been processed, at most once per percent.
    pub(crate) fn reached(&self, bytes: u64) {
        let percent = bytes.saturating_mul(100) / self.total.max(1);
        if self.told.fetch_max(percent, Ordering::Relaxed) < percent {
            self.tell(bytes);
        }
    }

    /// A reader that counts its bytes.
    pub(crate) fn watch<R>(&self, inner: R) -> Watched<'_, 'a, R> {
        Watched { meter: self, inner }
    }

    fn tell(&self, bytes: u64) {
        let (from, to) = self.share;
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let done = (bytes as f64 / self.total.max(1) as f64).min(1.0);
        self.context.progress.update(&Progress {
            phase: self.phase.into(),
            percent: from + (to - from) * done,
            bytes,
            bytes_total: Some(self.total),
            ..Progress::default()
        });
    }
}

/// See [`Meter::watch`].
pub(crate) struct Watched<'m, 'c, R> {
    meter: &'m Meter<'c>,
    inner: R,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<'_, '_, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(task, buffer))?;
        let read = (buffer.filled().len() - before) as u64;
        let bytes = self.meter.bytes.fetch_add(read, Ordering::Relaxed) + read;
        self.meter.reached(bytes);
        Poll::Ready(Ok(()))
    }
}
