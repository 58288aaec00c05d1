//! Faults to inject.

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketFault {
    /// It is answered with this status, and nothing is done.
    Status(u16),
    /// This many bytes of an object are sent, then the connection breaks.
    CutAfter(usize),
    /// It is never answered.
    Stall,
}

/// Requests that fail.
#[derive(Debug, Clone)]
pub struct Failing {
    begins: String,
    contains: String,
    fault: BucketFault,
    skipped: usize,
    times: usize,
}

impl Failing {
    /// Every request that starts with one text (`GET /bucket?`) and contains the other.
    #[must_use]
    pub fn all(begins: &str, contains: &str, fault: BucketFault) -> Self {
        let (begins, contains) = (begins.to_owned(), contains.to_owned());
        Self { begins, contains, fault, skipped: 0, times: usize::MAX }
    }

    /// Only the first ones, this many.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Only after this many have succeeded.
    #[must_use]
    pub fn after(mut self, skipped: usize) -> Self {
        self.skipped = skipped;
        self
    }
}

/// All faults that are still active.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Failing>);

impl Faults {
    pub(super) fn set(&mut self, failings: impl IntoIterator<Item = Failing>) {
        self.0 = failings.into_iter().collect();
    }

    /// The fault for the request with this line.
    pub(super) fn next(&mut self, line: &str) -> Option<BucketFault> {
        let failing = self.0.iter_mut().find(|failing| {
            failing.times > 0
                && line.starts_with(&failing.begins)
                && line.contains(&failing.contains)
        })?;
        if failing.skipped > 0 {
            failing.skipped -= 1;
            return None;
        }
        failing.times = failing.times.saturating_sub(usize::from(failing.times < usize::MAX));
        Some(failing.fault)
    }
}
