//! The slots of a worker: as many as jobs may run at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of a worker.
#[derive(Debug)]
pub(super) struct ConcurrencySlots {
    permits: Arc<Semaphore>,
    free: Arc<Mutex<Vec<usize>>>,
}

/// The right to run one job, until it is dropped.
#[derive(Debug)]
pub(super) struct ConcurrencySlot {
    /// No other slot in use has it.
    pub(super) number: usize,
    free: Arc<Mutex<Vec<usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl ConcurrencySlots {
    pub(super) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self {
            permits: Arc::new(Semaphore::new(count)),
            free: Arc::new(Mutex::new((0..count).rev().collect())),
        }
    }

    /// A free slot, waiting until there is one.
    pub(super) async fn take(&self) -> Option<ConcurrencySlot> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        let number = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(ConcurrencySlot { number, free: Arc::clone(&self.free), _permit: permit })
    }
}

impl Drop for ConcurrencySlot {
    // Before the permit goes: whoever gets that finds a number.
    fn drop(&mut self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}
