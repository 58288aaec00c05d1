//! Transfer rate: bytes per second over the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Long enough to smooth a checkpoint, short enough to show a stall.
const WINDOW: Duration = Duration::from_secs(15);

/// Times and counts; as many samples as there are reports in a window.
#[derive(Debug)]
pub(super) struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { samples: VecDeque::from([(now, 0)]) }
    }

    /// Adds a sample with the total of `bytes`; returns the bytes per second of the window if it is at
    /// least a second long and any were counted.
    pub(super) fn sample(&mut self, now: Instant, bytes: u64) -> Option<u64> {
        self.samples.push_back((now, bytes));
        // Keeps the newest sample before the window, so that the window is never too short.
        while self.samples.get(1).is_some_and(|(time, _)| now - *time >= WINDOW) {
            self.samples.pop_front();
        }
        let (start, before) = *self.samples.front()?;
        let seconds = (now - start).as_secs_f64();
        if seconds < 1.0 || bytes == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = bytes.saturating_sub(before) as f64 / seconds;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        Some(rate as u64)
    }
}
