//! An attempt of a job that this worker has fetched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use crate::job::{Job, JobId};
use crate::queue::Fields;
use crate::worker::concurrency_slot::ConcurrencySlot;

/// A job that a script has made ours.
#[derive(Debug)]
pub(super) struct FetchedJob {
    pub(super) id: String,
    pub(super) fields: Fields,
    pub(super) token: String,
    pub(super) slot: ConcurrencySlot,
}

/// An attempt of a job that this worker has fetched.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: Arc<Job>,
    /// Its hash as it was fetched, names and values alternating.
    pub(super) fields: Vec<String>,
    /// The value of its lock.
    pub(super) token: String,
    /// As in the hash, to identify the attempt.
    pub(super) processed_on: String,
    /// Cancels the handler.
    pub(super) cancel: CancellationToken,
    /// Cancelled when the attempt is recorded or given up, so that its lock is no longer renewed.
    pub(super) over: CancellationToken,
    /// Set by [`super::JobContext::discard`].
    pub(super) discarded: Arc<AtomicBool>,
    /// When it was fetched.
    pub(super) since: Instant,
    slot: Mutex<Option<ConcurrencySlot>>,
    failure: Mutex<Option<Failure>>,
    lost: AtomicBool,
    finishing: AtomicBool,
    is_lock_kept: AtomicBool,
}

impl Running {
    pub(super) fn new(
        FetchedJob { id, fields, token, slot }: FetchedJob,
        cancel: CancellationToken,
    ) -> Self {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let raw = fields.iter().flat_map(|(name, value)| [text(name), text(value)]).collect();
        let job = Job::from_hash(JobId::from(id), fields);
        Self {
            fields: raw,
            processed_on: job.processed_on.map(|time| time.to_string()).unwrap_or_default(),
            job: Arc::new(job),
            token,
            cancel,
            over: CancellationToken::new(),
            discarded: Arc::default(),
            since: Instant::now(),
            slot: Mutex::new(Some(slot)),
            failure: Mutex::new(None),
            lost: AtomicBool::new(false),
            finishing: AtomicBool::new(false),
            is_lock_kept: AtomicBool::new(false),
        }
    }

    /// Keeps the handler's failure until apalis reports that the task is complete, because apalis only
    /// passes on the message.
    pub(super) fn keep_failure(&self, failure: Failure) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A field of its hash as it was fetched.
    pub(super) fn field(&self, wanted: &str) -> Option<&str> {
        let mut fields = self.fields.chunks_exact(2);
        fields.find(|field| field[0] == wanted).map(|field| field[1].as_str())
    }

    /// The number of its slot; 0 after the slot was taken from it.
    pub(super) fn slot_number(&self) -> usize {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map_or(0, |slot| slot.number)
    }

    /// Its slot, for the next job.
    pub(super) fn take_concurrency_slot(&self) -> Option<ConcurrencySlot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Records that a task renews its lock. Returns false if one does already.
    pub(super) fn begin_to_keep_lock(&self) -> bool {
        !self.is_lock_kept.swap(true, Ordering::SeqCst)
    }

    /// Records that another worker has its lock. Returns false if that no longer matters.
    pub(super) fn lose(&self) -> bool {
        if self.finishing.load(Ordering::SeqCst) {
            return false;
        }
        !self.lost.swap(true, Ordering::SeqCst)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Records that its end is being recorded. From now on a missing lock means nothing, because recording
    /// the end removes it.
    pub(super) fn begin_to_finish(&self) {
        self.finishing.store(true, Ordering::SeqCst);
    }
}
