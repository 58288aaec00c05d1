//! Concurrency slots of a worker, one for each job that may run at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All slots of a worker.
#[derive(Debug)]
pub(super) struct ConcurrencySlots {
    permits: Arc<Semaphore>,
    free: Arc<Mutex<Vec<usize>>>,
}

/// The right to run one job, until it is dropped.
#[derive(Debug)]
pub(super) struct ConcurrencySlot {
    /// Unique among the slots in use.
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
    // Before the permit is released, so that its next owner finds a number.
    fn drop(&mut self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}
